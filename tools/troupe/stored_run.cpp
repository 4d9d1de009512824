#include "tools/troupe/stored_run.hpp"

#include "actors/workflow/errors.hpp"
#include "actors/workflow/event_codec.hpp"

#include <fmt/format.h>
#include <utility>

namespace troupe::cli {

namespace {

result<std::vector<v1::Event>> parse(const std::string& run_id,
                                     const std::vector<std::string>& bytes) {
  std::vector<v1::Event> history;
  history.reserve(bytes.size());
  for (const auto& stored : bytes)
    if (!history.emplace_back().ParseFromString(stored))
      return fail(workflow_errc::history_unreadable,
                  fmt::format("event {} of run {}", history.size(), run_id));
  return history;
}

result<std::vector<workflow::event>> decode_all(const std::vector<v1::Event>& history) {
  std::vector<workflow::event> events;
  events.reserve(history.size());
  for (const auto& stored : history) {
    auto event = workflow::decode(stored);
    if (!event) return tl::unexpected(std::move(event.error()));
    events.push_back(std::move(*event));
  }
  return events;
}

} // namespace

result<std::vector<v1::Event>> read_history(workflow::store& store, const std::string& run_id) {
  const auto bytes = store.read(run_id);
  if (!bytes) return tl::unexpected(bytes.error());
  return parse(run_id, *bytes);
}

result<workflow::machine> replay_run(workflow::store& store, const std::string& run_id) {
  const auto history = read_history(store, run_id);
  if (!history) return tl::unexpected(history.error());
  const auto events = decode_all(*history);
  if (!events) return tl::unexpected(events.error());
  return workflow::replay(*events);
}

result<stored_run> to_run(const std::string& run_id, const std::vector<std::string>& bytes) {
  auto history = parse(run_id, bytes);
  if (!history) return tl::unexpected(std::move(history.error()));
  auto events = decode_all(*history);
  if (!events) return tl::unexpected(std::move(events.error()));
  const auto machine = workflow::replay(*events);
  if (!machine) return tl::unexpected(machine.error());
  return stored_run{std::move(*history), std::move(*events), machine->summary()};
}

result<stored_run> read_run(workflow::store& store, const std::string& run_id) {
  const auto bytes = store.read(run_id);
  if (!bytes) return tl::unexpected(bytes.error());
  return to_run(run_id, *bytes);
}

} // namespace troupe::cli
