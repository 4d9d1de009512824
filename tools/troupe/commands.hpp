#pragma once

#include "tools/troupe/exit_code.hpp"

#include <functional>

namespace CLI {
class App;
}

/// The commands of `troupe`, one source file each. Every function adds a subcommand with its options and help to `app`;
/// parsing the command line sets `chosen` to what the subcommand does.
namespace troupe::cli {

using action = std::function<exit_code()>;

void add_run(CLI::App& app, action& chosen);
void add_ps(CLI::App& app, action& chosen);
void add_cancel(CLI::App& app, action& chosen);
void add_up(CLI::App& app, action& chosen);
void add_down(CLI::App& app, action& chosen);
void add_add(CLI::App& app, action& chosen);
void add_logs(CLI::App& app, action& chosen);
void add_probe(CLI::App& app, action& chosen);
void add_ca(CLI::App& app, action& chosen);
void add_query(CLI::App& app, action& chosen);
void add_schedule(CLI::App& app, action& chosen);
void add_signal(CLI::App& app, action& chosen);
void add_resources(CLI::App& app, action& chosen);
void add_explain(CLI::App& app, action& chosen);
void add_costs(CLI::App& app, action& chosen);
void add_show(CLI::App& app, action& chosen);
void add_replay(CLI::App& app, action& chosen);
void add_store(CLI::App& app, action& chosen);
void add_dead_letters(CLI::App& app, action& chosen);
void add_ner(CLI::App& app, action& chosen);
void add_redact(CLI::App& app, action& chosen);
void add_tokenize(CLI::App& app, action& chosen);
void add_top(CLI::App& app, action& chosen);
void add_bench(CLI::App& app, action& chosen);
void add_model(CLI::App& app, action& chosen);
void add_eval(CLI::App& app, action& chosen);
void add_simulate(CLI::App& app, action& chosen);
void add_node(CLI::App& app, action& chosen);
void add_submit(CLI::App& app, action& chosen);
void add_drain(CLI::App& app, action& chosen);

} // namespace troupe::cli
