#include "tools/troupe/stored_run.hpp"

#include "actors/workflow/errors.hpp"
#include "actors/workflow/event_codec.hpp"

#include <fmt/format.h>
#include <utility>

namespace troupe::cli {

namespace {

result<workflow::machine> replay(workflow::store& store, const std::string& run_id,
                                 std::vector<v1::Event>& history) {
  const auto bytes = store.read(run_id);
  if (!bytes) return tl::unexpected(bytes.error());
  std::vector<workflow::event> events;
  for (const auto& stored : *bytes) {
    if (!history.emplace_back().ParseFromString(stored))
      return fail(workflow_errc::history_unreadable,
                  fmt::format("event {} of run {}", history.size(), run_id));
    auto event = workflow::decode(history.back());
    if (!event) return tl::unexpected(event.error());
    events.push_back(std::move(*event));
  }
  return workflow::replay(events);
}

} // namespace

result<workflow::machine> replay_run(workflow::store& store, const std::string& run_id) {
  std::vector<v1::Event> history;
  return replay(store, run_id, history);
}

result<stored_run> read_run(workflow::store& store, const std::string& run_id) {
  stored_run run;
  const auto machine = replay(store, run_id, run.history);
  if (!machine) return tl::unexpected(machine.error());
  run.summary = machine->summary();
  return run;
}

} // namespace troupe::cli
