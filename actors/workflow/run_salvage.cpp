#include "actors/workflow/run_salvage.hpp"

#include "actors/workflow/event_codec.hpp"
#include "actors/workflow/sha256.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace troupe::workflow {
namespace {

result<void> read_rows(raw_store& in, run_salvage& of) {
  auto found = in.scan(
      table_of(v1::BACKUP_TABLE_RUNS), "number = ?1", {of.number},
      [&](row& shown) -> result<void> { return of.entry = std::move(shown), result<void>{}; });
  if (!found) return found;
  return in.scan(table_of(v1::BACKUP_TABLE_EVENTS), "run = ?1", {of.number},
                 [&](row& shown) -> result<void> {
                   return of.events.push_back(std::move(shown)), result<void>{};
                 });
}

/// The payload that an event refers to; nothing where it is not there, or not what was written.
result<std::optional<std::string>> payload_of(raw_store& in, const row& event) {
  const std::string& hash = bytes_in(event, col::event_blob);
  if (hash.empty()) return std::optional<std::string>{""};
  constexpr column_kind kinds[] = {column_kind::bytes};
  auto found = in.query("SELECT bytes FROM blobs WHERE hash = ?1", {sql_value::bytes(hash)}, kinds);
  if (!found) return tl::unexpected(found.error());
  if (found->empty() || sha256(bytes_in(found->front(), 0)) != hash)
    return std::optional<std::string>{};
  return std::optional<std::string>{bytes_in(found->front(), 0)};
}

/// Where the entry does not say which run it is, the first event does.
std::string id_in_first_event(const run_salvage& of) {
  for (const row& each : of.events) {
    v1::Event first;
    if (number_in(each, col::event_number) == 1 && bytes_in(each, col::event_blob).empty() &&
        first.ParseFromString(bytes_in(each, col::event_bytes)) && first.has_run_started())
      return first.run_started().run_id();
  }
  return "";
}

/// Divides the events into those that are good from the first on, and the rest.
result<std::vector<std::string>> divide(raw_store& in, run_salvage& of) {
  checksummer sums;
  std::vector<std::string> whole;
  const auto most = of.entry_is_good
                        ? static_cast<std::uint64_t>(number_in(*of.entry, col::run_version))
                        : ~std::uint64_t{0};
  for (row& each : of.events) {
    const auto number = static_cast<std::uint64_t>(number_in(each, col::event_number));
    const auto payload = payload_of(in, each);
    if (!payload) return tl::unexpected(payload.error());
    auto event = *payload ? whole_event(each, of.run_id, **payload, sums) : std::nullopt;
    if (event && of.lost.empty() && number == whole.size() + 1 && number <= most) {
      whole.push_back(std::move(*event));
      of.kept.push_back(each);
      continue;
    }
    const bool twice = number <= whole.size();
    if (event && number <= most && !twice) of.has_hole = true;
    if (of.why.empty() && !twice && number <= most)
      of.why = event ? fmt::format("event {} is missing", whole.size() + 1)
                     : fmt::format("event {} is not what was written", number);
    of.lost.push_back(each);
  }
  if (of.why.empty() && of.entry_is_good && whole.size() < most)
    of.why = fmt::format("event {} is missing", whole.size() + 1);
  return whole;
}

/// Leaves out what cannot follow what is before it.
void apply_events(run_salvage& of, std::span<const std::string> whole) {
  auto history = replay_stored(whole);
  if (history.unreadable) {
    of.unreadable = true;
    return;
  }
  if (!history.why.empty()) {
    of.why = history.why;
    // What lies behind was written to follow it.
    of.has_hole = of.has_hole || history.applied + 1 < whole.size();
    of.lost.insert(of.lost.begin(), of.kept.begin() + static_cast<std::ptrdiff_t>(history.applied),
                   of.kept.end());
    of.kept.resize(history.applied);
  }
  if (of.kept.empty()) return;
  of.rebuilt = entry_of(history.state);
  of.rebuilt->epoch = of.entry ? static_cast<std::uint64_t>(std::max<std::int64_t>(
                                     number_in(*of.entry, col::run_epoch), 1)) +
                                     1
                               : 1;
}

} // namespace

result<run_salvage> look_at_run(raw_store& in, std::int64_t number) {
  run_salvage made;
  made.number = number;
  if (auto read = read_rows(in, made); !read) return tl::unexpected(std::move(read.error()));
  checksummer sums;
  made.entry_is_good = made.entry && is_good_run(*made.entry, sums);
  made.run_id = made.entry_is_good ? bytes_in(*made.entry, col::run_id) : id_in_first_event(made);
  const auto whole = divide(in, made);
  if (!whole) return tl::unexpected(whole.error());
  if (made.run_id.empty() && made.entry) made.run_id = bytes_in(*made.entry, col::run_id);
  apply_events(made, *whole);
  return made;
}

} // namespace troupe::workflow
