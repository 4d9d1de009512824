#include "actors/node.hpp"
#include "actors/runtime/typed_agent.hpp"
#include "actors/workflow/definition.hpp"
#include "actors/workflow/durations.hpp"
#include "actors/workflow/inputs.hpp"
#include "cluster/fabric/errc.hpp"
#include "tools/troupe/cli_errc.hpp"
#include "tools/troupe/cluster_connection.hpp"
#include "tools/troupe/commands.hpp"
#include "tools/troupe/console.hpp"
#include "tools/troupe/definition_file.hpp"
#include "tools/troupe/interrupt.hpp"
#include "tools/troupe/run_view.hpp"
#include "tools/troupe/tag_option.hpp"
#include "troupe/v1/control.pb.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>
#include <unistd.h>

namespace troupe::cli {

namespace {

struct submit_command {
  cluster_option target;
  std::string definition_file, run_id, deadline, tenant, await_only;
  std::vector<std::string> inputs;
  std::int32_t priority = 0;
  tag_option tags;
  bool no_wait = false, json = false;
};

constexpr std::chrono::milliseconds answer_bound{30'000};
constexpr std::uint32_t look_millis = 500;
/// A coordinator that is gone: others have its runs within seconds.
constexpr std::chrono::seconds patience{30};

/// Checked here, so that mistakes are named with the lines of the file; the coordinator checks again.
tl::expected<v1::SubmitRunRequest, no_run> request_of(const submit_command& command) {
  auto known = node::start({}, nullptr);
  if (!known) return tl::unexpected(no_run{known.error()});
  const auto definition = load_definition_file(command.definition_file, (*known)->agents());
  if (!definition) return tl::unexpected(definition.error());
  const auto inputs = workflow::parse_inputs(**definition, command.inputs);
  if (!inputs) return tl::unexpected(no_run{inputs.error(), exit_code::usage});
  const auto tags = command.tags.value();
  if (!tags) return tl::unexpected(no_run{tags.error(), exit_code::usage});
  v1::SubmitRunRequest made;
  *made.mutable_definition() = (*definition)->source;
  made.mutable_inputs()->Assign(command.inputs.begin(), command.inputs.end());
  made.set_run_id(command.run_id);
  made.set_priority(command.priority);
  made.set_tenant(command.tenant);
  for (const auto& [key, value] : *tags)
    (*made.mutable_tags())[key] = value;
  if (!command.deadline.empty()) {
    const auto length = workflow::parse_duration(command.deadline);
    if (!length)
      return tl::unexpected(
          no_run{{cli_errc::bad_option, "--deadline: " + length.error()}, exit_code::usage});
    made.set_deadline_nanos(length->count());
  }
  return made;
}

/// Asks until the run is closed; another coordinator where the one that was asked has gone.
class waiter {
public:
  waiter(const cluster_option& target, std::unique_ptr<cluster::cluster_client>& client)
      : target_(target), client_(client) {}

  /// @returns nothing when a signal asked to stop.
  reply<std::optional<v1::RunSummary>> wait(const std::string& run_id) {
    v1::AwaitRunRequest asked;
    asked.set_run_id(run_id);
    asked.set_wait_millis(look_millis);
    auto last_heard = std::chrono::steady_clock::now();
    while (!interrupt::requested()) {
      auto stands =
          expect_reply<v1::AwaitRunReply>(client_->ask(share(asked), std::chrono::seconds{5}));
      if (stands) {
        last_heard = std::chrono::steady_clock::now();
        show((*stands)->run());
        if (run_is_closed((*stands)->run())) return std::optional{(*stands)->run()};
        continue;
      }
      const bool too_long = std::chrono::steady_clock::now() - last_heard > patience;
      if (too_long || (!stands.error().retryable && !is_lost(stands.error())))
        return tl::unexpected(stands.error());
      if (auto other = connect_to_cluster(target_)) client_ = std::move(*other);
    }
    return std::optional<v1::RunSummary>{};
  }

private:
  static bool is_lost(const failure& why) { return why.type.starts_with("fabric."); }
  static bool run_is_closed(const v1::RunSummary& run) {
    return run.status() == v1::RUN_STATUS_COMPLETED || run.status() == v1::RUN_STATUS_FAILED ||
           run.status() == v1::RUN_STATUS_CANCELLED;
  }
  void show(const v1::RunSummary& run) {
    const auto text = done_text(run);
    if (text == shown_) return;
    shown_ = text;
    fmt::print(stderr, "troupe: {}: {}\n", run.run_id(), text);
  }

  const cluster_option& target_;
  std::unique_ptr<cluster::cluster_client>& client_;
  std::string shown_;
};

exit_code tell_end(const v1::RunSummary& run, bool json) {
  const bool printed =
      json
          ? print_line(run_json(run).dump())
          : print_line(fmt::format("Run {} {}: {}", run.run_id(),
                                   run.status() == v1::RUN_STATUS_COMPLETED ? "completed" : "ended",
                                   done_text(run)));
  if (!printed) return report_closed_output();
  if (run.status() == v1::RUN_STATUS_COMPLETED) return exit_code::ok;
  print_error(run.status() == v1::RUN_STATUS_CANCELLED
                  ? cancelled_text(run.run_id(), run.cancel_reason())
                  : fmt::format("run {} failed: {} [{}]", run.run_id(), run.failure().message(),
                                run.failure().type()));
  return exit_code::failed;
}

exit_code submit(const submit_command& command) {
  std::optional<v1::SubmitRunRequest> wanted;
  if (command.await_only.empty()) {
    auto made = request_of(command);
    if (!made) return report(made.error().why, made.error().code);
    wanted = std::move(*made);
  }
  auto client = connect_to_cluster(command.target);
  if (!client) return report_cluster(client.error());
  std::string run_id = command.await_only;
  if (wanted) {
    const auto started =
        expect_reply<v1::SubmitRunReply>((*client)->ask(share(*wanted), answer_bound));
    if (!started) return report(started.error());
    run_id = (*started)->run_id();
  }
  if (command.no_wait) {
    const bool printed = print_line(command.json ? nlohmann::json{{"run", run_id}}.dump() : run_id);
    return printed ? exit_code::ok : report_closed_output();
  }
  waiter until{command.target, *client};
  const auto ended = until.wait(run_id);
  if (!ended) return report(ended.error());
  if (!*ended)
    return report_interrupted(fmt::format("the run goes on; wait for it with: troupe submit {} "
                                          "--await {}",
                                          command.target.file(), run_id));
  return tell_end(**ended, command.json);
}

} // namespace

void add_submit(CLI::App& app, action& chosen) {
  auto options = std::make_shared<submit_command>();
  auto* command = app.add_subcommand("submit", "Run a workflow on a cluster, and wait for its end");
  options->target.add_to(*command);
  auto* definition = command
                         ->add_option("definition", options->definition_file,
                                      "The workflow, as YAML; - for standard input")
                         ->type_name("DEFINITION");
  command->add_option("--input", options->inputs, "An input of the workflow; repeatable")
      ->type_name("NAME=VALUE");
  command
      ->add_option("--id", options->run_id,
                   "Id of the run; made from the time where it is not given")
      ->type_name("RUN");
  command->add_option("--priority", options->priority, "-100 to 100; higher goes first")
      ->check(CLI::Range(-100, 100))
      ->capture_default_str();
  command->add_option("--deadline", options->deadline, "How long the run may take, e.g. 90s or 2h")
      ->type_name("DURATION");
  command->add_option("--tenant", options->tenant, "Whom the run is for")->type_name("NAME");
  options->tags.add_to(*command, "What the run is called, to find it again; repeatable");
  command->add_option("--await", options->await_only, "Start nothing: wait for the end of this run")
      ->type_name("RUN")
      ->excludes(definition);
  command->add_flag("--no-wait", options->no_wait, "Print the run's id and end");
  command->add_flag("--json", options->json, "The result as one JSON object on standard output");
  command->footer(R"(Paths in inputs are read by the nodes, where they run.

Examples:
  troupe submit cluster.yaml examples/redact-folder.yaml --input folder=/data/in --input output=/data/out
  troupe submit cluster.yaml --await 20261127-230145-113-x2m4k9qd)");
  command->callback([options, definition, &chosen] {
    if (definition->count() == 0 && options->await_only.empty())
      throw CLI::RequiredError("DEFINITION or --await");
    chosen = [options] { return submit(*options); };
  });
}

} // namespace troupe::cli
