#include "tools/troupe/commands.hpp"
#include "tools/troupe/console.hpp"
#include "tools/troupe/interrupt.hpp"

#include <CLI/CLI.hpp>
#include <exception>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace {

using namespace troupe::cli;

constexpr const char* main_footer =
    R"(Exit status: 0 ok, 1 the work failed, 2 usage, 130 interrupted, 141 the reader of the output has gone.
Models are looked for in $TROUPE_MODELS, beside the installed program, and in the checkout it was built from.

Examples:
  troupe run examples/redact-folder.yaml --input folder=examples/documents --input output=out
  troupe ps
  troupe show RUN --history
  echo "Ada Lovelace worked in London." | troupe ner
  troupe redact mail.txt > mail.redacted.txt

'troupe COMMAND --help' has more on each command.)";

exit_code dispatch(int argc, char** argv) {
  CLI::App app{"troupe: durable workflows of agents that find entities and redact personal data"};
  app.set_version_flag("--version", "troupe " TROUPE_VERSION);
  app.require_subcommand(1);
  app.footer(main_footer);
  action chosen;
  for (auto* add :
       {add_run,       add_ps,       add_top,    add_show,   add_explain,      add_query,
        add_replay,    add_schedule, add_signal, add_cancel, add_dead_letters, add_store,
        add_resources, add_costs,    add_ner,    add_redact, add_tokenize,     add_eval,
        add_model,     add_simulate, add_up,     add_down,   add_add,          add_logs,
        add_submit,    add_drain,    add_node,   add_probe,  add_ca,           add_bench})
    add(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& stopped) {
    // --help and --version end here too, with status 0.
    return app.exit(stopped) == 0 ? exit_code::ok : exit_code::usage;
  }
  return chosen();
}

} // namespace

int main(int argc, char** argv) {
  try {
    const interrupt signals;
    // Standard output is for results alone.
    spdlog::set_default_logger(spdlog::stderr_color_mt("troupe"));
    return static_cast<int>(close_output(dispatch(argc, argv)));
  } catch (const std::exception& unexpected) {
    print_error(std::string{"unexpected: "} + unexpected.what());
    return static_cast<int>(exit_code::failed);
  }
}
