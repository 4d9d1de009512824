#include "actors/workflow/replay_check.hpp"

#include "actors/workflow/errors.hpp"
#include "tools/troupe/commands.hpp"
#include "tools/troupe/console.hpp"
#include "tools/troupe/history_file.hpp"
#include "tools/troupe/interrupt.hpp"
#include "tools/troupe/store_option.hpp"
#include "tools/troupe/stored_run.hpp"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>

namespace troupe::cli {

namespace {

struct replay_options {
  std::vector<std::string> targets;
  store_option store;
  bool all = false;
  bool json = false;
};

struct replay_tally {
  std::size_t runs = 0, events = 0, diverged = 0;
};

const char* kind_text(workflow::divergence::kind what) {
  return what == workflow::divergence::kind::refused ? "refused" : "differs";
}

bool print_json(const std::string& name, std::size_t events,
                const std::optional<workflow::divergence>& found) {
  nlohmann::ordered_json out{
      {"run", name}, {"events", events}, {"result", found ? kind_text(found->what) : "same"}};
  if (found) {
    out["sequence"] = found->sequence;
    if (!found->recorded.empty()) out["recorded"] = found->recorded;
    if (!found->expected.empty()) out["expected"] = found->expected;
    if (!found->why.empty()) out["why"] = found->why;
  }
  return print_line(out.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

bool print_text(const std::string& name, std::size_t events,
                const std::optional<workflow::divergence>& found) {
  if (!found) return print_line(fmt::format("{}: {} events, the same today", name, events));
  std::string text = fmt::format("{}: {} at event {}\n", name,
                                 found->what == workflow::divergence::kind::refused
                                     ? "this build refuses it"
                                     : "this build goes another way",
                                 found->sequence);
  text += fmt::format("  recorded  {}",
                      found->recorded.empty() ? "nothing: the history ends here" : found->recorded);
  if (!found->expected.empty()) text += "\n  today     " + found->expected;
  if (!found->why.empty()) text += "\n  why       " + found->why;
  return print_line(text);
}

/// Says how one history fares. @returns false when nobody can read it any more.
bool replay_one(const replay_options& options, const std::string& name,
                const std::vector<v1::Event>& history, replay_tally& tally) {
  const auto found = workflow::first_divergence(history);
  ++tally.runs;
  tally.events += history.size();
  if (found) ++tally.diverged;
  return options.json ? print_json(name, history.size(), found)
                      : print_text(name, history.size(), found);
}

exit_code conclude(const replay_options& options, const replay_tally& tally) {
  if (!options.json && tally.runs != 1 &&
      !print_line(
          fmt::format("{} runs, {} events: {} diverge", tally.runs, tally.events, tally.diverged)))
    return report_closed_output();
  return tally.diverged == 0 ? exit_code::ok : exit_code::failed;
}

result<std::vector<std::string>> all_runs(workflow::store& store) {
  workflow::run_filter filter;
  filter.limit = 10'000'000;
  const auto entries = store.list(filter);
  if (!entries) return tl::unexpected(entries.error());
  std::vector<std::string> ids;
  ids.reserve(entries->size());
  for (const auto& each : *entries)
    ids.push_back(each.run_id);
  return ids;
}

/// A file where there is one of that name, else a run of the store.
result<std::vector<v1::Event>> history_of(const std::string& target,
                                          const std::shared_ptr<workflow::store>& store) {
  if (!store) return read_history_file(target);
  return read_history(*store, target);
}

exit_code replay(const replay_options& options) {
  std::shared_ptr<workflow::store> store;
  const auto open = [&]() -> result<std::shared_ptr<workflow::store>> {
    if (store) return store;
    auto opened = options.store.open_to_read();
    if (!opened) return tl::unexpected(opened.error());
    return store = std::move(*opened);
  };
  auto targets = options.targets;
  if (options.all) {
    const auto from = open();
    if (!from) return report(from.error());
    auto ids = all_runs(**from);
    if (!ids) return report(ids.error());
    targets = std::move(*ids);
  }
  replay_tally tally;
  for (const auto& target : targets) {
    if (interrupt::requested()) return report_interrupted();
    const bool is_file = !options.all && std::filesystem::is_regular_file(target);
    if (!is_file)
      if (const auto from = open(); !from) return report(from.error());
    const auto history = history_of(target, is_file ? nullptr : store);
    if (!history) {
      print_error(history.error().message());
      ++tally.runs, ++tally.diverged;
      continue;
    }
    if (!replay_one(options, target, *history, tally)) return report_closed_output();
  }
  return conclude(options, tally);
}

} // namespace

void add_replay(CLI::App& app, action& chosen) {
  auto options = std::make_shared<replay_options>();
  auto* command = app.add_subcommand(
      "replay", "Run histories through this build's state machine: the first divergence of each");
  auto* targets = command->add_option(
      "RUN|FILE", options->targets,
      "Ids of runs of the store, or files that 'troupe show RUN --history --json' has written");
  options->store.add_to(*command);
  auto* all = command->add_flag("--all", options->all, "Every run of the store")->excludes(targets);
  command->add_flag("--json", options->json, "One JSON object per run");
  command->footer("Nothing is run and nothing is written. Exit status 0: this build would have "
                  "recorded what is there;\n"
                  "1: it would not, or a history cannot be read.\n\n"
                  "Examples:\n  troupe replay 20261123-194512-417-k3f9w2md\n"
                  "  troupe show RUN --history --json > run.json; troupe replay run.json\n"
                  "  troupe replay --all --json | jq 'select(.result != \"same\")'");
  command->callback([options, all, &chosen] {
    if (options->targets.empty() && all->count() == 0)
      throw CLI::RequiredError("RUN or FILE, or --all");
    chosen = [options] { return replay(*options); };
  });
}

} // namespace troupe::cli
