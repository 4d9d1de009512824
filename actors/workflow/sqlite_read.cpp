#include "actors/workflow/sqlite_run_store.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace troupe::workflow {

tl::unexpected<error> sqlite_run_store::damaged(const std::string& what) const {
  return fail(
      workflow_errc::store_damaged,
      fmt::format("{}: {}; restore the file from a backup, the other runs can still be used", file_,
                  what));
}

result<run_row> sqlite_run_store::to_row(const sqlite::statement& from) {
  auto made = read_row(from, sums_);
  if (!made)
    return damaged(fmt::format("the entry of run '{}' is not what was written", from.text(1)));
  return std::move(*made);
}

result<run_row> sqlite_run_store::find_row(const std::string& run_id) {
  sqlite::statement& query = statements_.find_run;
  const sqlite::reset_guard done{query};
  const auto row = query.bind(1, run_id).step();
  if (!row) return tl::unexpected(row.error());
  if (!*row) return tl::unexpected(no_such_run(run_id, file_));
  return to_row(query);
}

result<run_entry> sqlite_run_store::find(const std::string& run_id) {
  auto row = find_row(run_id);
  if (!row) return tl::unexpected(std::move(row.error()));
  return std::move(row->entry);
}

result<std::vector<std::string>> sqlite_run_store::read(const std::string& run_id) {
  // One snapshot for the entry and its events, while another process may append.
  if (auto begun = database_.execute("BEGIN"); !begun)
    return tl::unexpected(std::move(begun.error()));
  const auto row = find_row(run_id);
  auto events = row ? read_events(*row) : tl::unexpected(row.error());
  if (auto ended = database_.execute("COMMIT"); !ended && events)
    return tl::unexpected(std::move(ended.error()));
  return events;
}

/// Goes from the last event to the first.
result<std::vector<std::string>> sqlite_run_store::read_events(const run_row& from) {
  std::vector<std::string> events;
  std::int64_t id = from.last_event;
  for (std::uint64_t due = from.entry.version; due > 0; --due) {
    const auto previous = read_event(from, id, due, events.emplace_back());
    if (!previous) return tl::unexpected(previous.error());
    id = *previous;
  }
  std::reverse(events.begin(), events.end());
  return events;
}

/// @returns the id of the event before this one.
result<std::int64_t> sqlite_run_store::read_event(const run_row& from, std::int64_t id,
                                                  std::uint64_t due, std::string& into) {
  sqlite::statement& query = statements_.read_event;
  const sqlite::reset_guard done{query};
  const auto there = query.bind(1, id).step();
  if (!there) return tl::unexpected(there.error());
  if (!*there || query.number(0) != from.number ||
      query.number(1) != static_cast<std::int64_t>(due))
    return damaged(fmt::format("event {} of run '{}' is missing", due, from.entry.run_id));
  into = query.blob(3);
  if (query.blob(4) != view(sum_of(sums_, from.entry.run_id, due, into)))
    return damaged(
        fmt::format("event {} of run '{}' is not what was written", due, from.entry.run_id));
  return query.number(2);
}

result<std::vector<run_entry>> sqlite_run_store::list(const run_filter& filter) {
  std::string sql = "SELECT " + run_columns(format_) + " FROM runs WHERE 1";
  if (!filter.statuses.empty())
    sql += fmt::format(" AND status IN ({})", fmt::join(filter.statuses, ","));
  if (!filter.workflow.empty()) sql += " AND workflow = ?1";
  if (filter.started_since)
    sql += fmt::format(" AND started_us >= {}", to_us(*filter.started_since));
  sql += fmt::format(" ORDER BY started_us DESC, number DESC LIMIT {}",
                     std::min(filter.limit, std::size_t{1'000'000'000}));
  auto query = database_.prepare(sql);
  if (!query) return tl::unexpected(std::move(query.error()));
  if (!filter.workflow.empty()) query->bind(1, filter.workflow);
  std::vector<run_entry> made;
  for (;;) {
    const auto more = query->step();
    if (!more) return tl::unexpected(more.error());
    if (!*more) return made;
    auto row = to_row(*query);
    if (!row) return tl::unexpected(std::move(row.error()));
    made.push_back(std::move(row->entry));
  }
}

} // namespace troupe::workflow
