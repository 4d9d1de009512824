#include "tools/troupe/stored_run.hpp"

#include "actors/workflow/errors.hpp"
#include "actors/workflow/event_codec.hpp"
#include "actors/workflow/machine.hpp"

#include <fmt/format.h>
#include <utility>

namespace troupe::cli {

result<stored_run> read_run(workflow::store& store, const std::string& run_id) {
  const auto bytes = store.read(run_id);
  if (!bytes) return tl::unexpected(bytes.error());
  stored_run run;
  for (const auto& stored : *bytes) {
    if (!run.history.emplace_back().ParseFromString(stored))
      return fail(workflow_errc::history_unreadable,
                  fmt::format("event {} of run {}", run.history.size(), run_id));
    auto event = workflow::decode(run.history.back());
    if (!event) return tl::unexpected(event.error());
    run.events.push_back(std::move(*event));
  }
  const auto machine = workflow::replay(run.events);
  if (!machine) return tl::unexpected(machine.error());
  run.summary = machine->summary();
  return run;
}

} // namespace troupe::cli
