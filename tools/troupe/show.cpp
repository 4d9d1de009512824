#include "tools/troupe/archived_run.hpp"
#include "tools/troupe/commands.hpp"
#include "tools/troupe/console.hpp"
#include "tools/troupe/insight_view.hpp"
#include "tools/troupe/run_view.hpp"
#include "tools/troupe/store_commands.hpp"
#include "tools/troupe/store_option.hpp"
#include "tools/troupe/stored_run.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>

namespace troupe::cli {

namespace {

struct show_options {
  std::string run;
  store_option store;
  std::string archive;
  bool history = false;
  bool json = false;
};

/// A reply can be a whole document; a person needs to see what it is, not all of it.
std::string shortened(std::string text) {
  constexpr std::size_t most = 160;
  if (text.size() <= most) return text;
  auto end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
    --end;
  return text.substr(0, end) + fmt::format("... ({} bytes)", text.size());
}

bool print_history(const std::vector<v1::Event>& history) {
  for (const auto& event : history) {
    auto json = to_json(event);
    json.erase("sequence");
    json.erase("time");
    const auto kind = json.begin();
    const auto time = std::chrono::system_clock::time_point{
        std::chrono::seconds{event.time().seconds()} +
        std::chrono::microseconds{event.time().nanos() / 1000}};
    if (!print_line(fmt::format("{:>5}  {}  {:<14} {}", event.sequence(), iso_time(time),
                                kind.key(), shortened(kind.value().dump()))))
      return false;
  }
  return true;
}

std::string failure_text(const v1::Failure& why) {
  return fmt::format("{} [{}]", why.message(), why.type());
}

/// What happened to a step, beyond its status.
std::string remarks(const v1::StepSummary& step) {
  std::string made = step.has_failure()            ? failure_text(step.failure())
                     : step.child_run_id().empty() ? step.skip_reason()
                                                   : "run " + step.child_run_id();
  const auto add = [&](std::uint32_t times, const char* what) {
    if (times > 0)
      made += fmt::format("{}{} {}{}", made.empty() ? "" : "; ", times, what, times > 1 ? "s" : "");
  };
  add(step.second_attempts(), "second attempt");
  add(step.preemptions(), "preemption");
  return made;
}

bool print_steps(const v1::RunSummary& run) {
  table rows{{"STEP", "AGENT", "STATUS", "ATTEMPTS", "WHY"}, {3}};
  for (const auto& step : run.steps()) {
    const auto name = fmt::format("{}[{}]", step.step(), step.index());
    rows.add({name, step.agent(), status_name(step.status()), std::to_string(step.attempts()),
              remarks(step)});
    if (!step.has_compensation()) continue;
    const auto& undo = step.compensation();
    rows.add({name + " undone", undo.agent(), status_name(undo.status()),
              std::to_string(undo.attempts()),
              undo.has_failure() ? failure_text(undo.failure()) : ""});
  }
  return rows.print();
}

/// Of a run that is closed: how long it took, and why not less.
bool print_insight(const workflow::run_insight& of) {
  for (const auto& line : insight_lines(of))
    if (!print_line(line)) return false;
  return true;
}

std::string tags_text(const v1::RunSummary& run) {
  std::string text;
  for (const auto& tag : run.tags())
    text += (text.empty() ? "" : ", ") + tag.key() + "=" + tag.value();
  return text;
}

bool print_run(const v1::RunSummary& run, const workflow::run_insight& insight) {
  return print_line(fmt::format("Run {} of {} {}: {}, {}", run.run_id(), run.workflow(),
                                run.workflow_version(), status_name(run.status()),
                                done_text(run))) &&
         (!run.has_parent() ||
          print_line(fmt::format("Started by step {}[{}] of run {}, attempt {}",
                                 run.parent().step(), run.parent().index(), run.parent().run_id(),
                                 run.parent().attempt()))) &&
         (run.cancel_reason().empty() ||
          print_line((run.has_cancel_due_time() ? "To be cancelled: " : "Cancelled: ") +
                     run.cancel_reason())) &&
         (run.tags().empty() || print_line("Tags: " + tags_text(run))) &&
         (!run.has_failure() || print_line("Failed: " + failure_text(run.failure()))) &&
         print_insight(insight) && print_line("") && print_steps(run);
}

bool print_json(const show_options& options, const stored_run& run,
                const workflow::run_insight& insight) {
  auto out = run_json(run.summary);
  if (insight.closed) out["insight"] = insight_json(insight);
  if (options.history) {
    auto& events = out["history"] = nlohmann::ordered_json::array();
    for (const auto& event : run.history)
      events.push_back(to_json(event));
  }
  return print_line(out.dump());
}

result<stored_run> read_wanted(const show_options& options) {
  if (!options.archive.empty()) return read_archived_run(options.archive, options.run);
  const auto store = options.store.open_to_read();
  if (!store) return tl::unexpected(store.error());
  return read_run(**store, options.run);
}

exit_code show(const show_options& options) {
  const auto run = read_wanted(options);
  if (!run) return report_store_failure(run.error());
  const auto insight = workflow::analyse(run->events);
  if (!insight) return report(insight.error());
  const bool printed =
      options.json ? print_json(options, *run, *insight)
                   : print_run(run->summary, *insight) &&
                         (!options.history || (print_line("") && print_history(run->history)));
  return printed ? exit_code::ok : report_closed_output();
}

} // namespace

void add_show(CLI::App& app, action& chosen) {
  auto options = std::make_shared<show_options>();
  auto* command =
      app.add_subcommand("show", "Show a run: its steps, and with --history every event");
  command->add_option("RUN", options->run, "Id of the run, as 'troupe ps' prints it")->required();
  options->store.add_to(*command);
  command
      ->add_option("--archive", options->archive,
                   "Look for the run in this archive or backup instead of the store")
      ->type_name("FILE")
      ->excludes("--store");
  command->add_flag("--history", options->history, "All committed events, in order");
  command->add_flag("--json", options->json, "One JSON object");
  command->footer(
      "Examples:\n  troupe show 20261123-194512-417-k3f9w2md\n  troupe show RUN --history "
      "--json | jq .history");
  command->callback([options, &chosen] { chosen = [options] { return show(*options); }; });
}

} // namespace troupe::cli
