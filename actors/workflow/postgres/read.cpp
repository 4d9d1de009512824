#include "actors/workflow/postgres/run_store.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace troupe::workflow::postgres {
namespace {

constexpr const char* columns = "number, run_id, workflow, workflow_version, status, started_us, "
                                "closed_us, version, owner, epoch, checksum";

constexpr statement find_events{
    "find_events", "SELECT number, bytes, checksum FROM events WHERE run = $1 ORDER BY number"};

} // namespace

tl::unexpected<failure> run_store::damaged(const std::string& what) const {
  return refuse(
      {workflow_errc::store_damaged,
       fmt::format("{}: {}; restore the schema from a backup, the other runs can still be used",
                   shown(), what)});
}

outcome<run_row> run_store::to_row(const rows& from, std::size_t row) {
  run_row made;
  made.number = number_at(from, row, 0);
  made.entry.run_id = bytes_at(from, row, 1);
  made.entry.workflow = bytes_at(from, row, 2);
  made.entry.workflow_version = bytes_at(from, row, 3);
  made.entry.status = static_cast<std::int32_t>(number_at(from, row, 4));
  made.entry.started = from_us(number_at(from, row, 5));
  made.entry.closed = from_us(number_at(from, row, 6));
  made.entry.version = static_cast<std::uint64_t>(number_at(from, row, 7));
  made.entry.owner = text_at(from, row, 8);
  made.entry.epoch = static_cast<std::uint64_t>(number_at(from, row, 9));
  if (bytes_at(from, row, 10) == view(sum_of(sums_, made.entry, made.number))) return made;
  return damaged(fmt::format("the entry of run '{}' is not what was written",
                             made.entry.run_id.substr(0, most_shown_of_id)));
}

outcome<run_row> run_store::find_row(const std::string& run_id, const statement& by) {
  const auto found = session_->run(by, parameters{}.add_bytes(run_id));
  if (!found) return tl::unexpected(found.error());
  if (found->empty()) return refuse(no_such_run(run_id, shown()));
  return to_row(*found, 0);
}

result<run_entry> run_store::find(const std::string& run_id) {
  return carry_out<run_entry>([&]() -> outcome<run_entry> {
    auto row = find_row(run_id);
    if (!row) return tl::unexpected(row.error());
    return std::move(row->entry);
  });
}

result<std::vector<std::string>> run_store::read(const std::string& run_id) {
  return carry_out<std::vector<std::string>>([&]() -> outcome<std::vector<std::string>> {
    // One snapshot for the entry and its events, while another session may append.
    auto guard = transaction::begin(*session_, transaction::kind::snapshot);
    if (!guard) return tl::unexpected(guard.error());
    const auto row = find_row(run_id);
    if (!row) return tl::unexpected(row.error());
    return read_events(*row);
  });
}

outcome<std::vector<std::string>> run_store::read_events(const run_row& of) {
  const auto found = session_->run(find_events, parameters{}.add(of.number));
  if (!found) return tl::unexpected(found.error());
  const std::string& run = of.entry.run_id;
  const std::size_t there = found->size();
  std::vector<std::string> events;
  events.reserve(there);
  for (std::uint64_t due = 1; due <= of.entry.version; ++due) {
    const std::size_t at = due - 1;
    if (at >= there || number_at(*found, at, 0) != static_cast<std::int64_t>(due))
      return damaged(fmt::format("event {} of run '{}' is missing", due, run));
    events.push_back(bytes_at(*found, at, 1));
    if (bytes_at(*found, at, 2) != view(sum_of(sums_, run, due, events.back())))
      return damaged(fmt::format("event {} of run '{}' is not what was written", due, run));
  }
  if (there == of.entry.version) return events;
  return damaged(fmt::format("event {} of run '{}' is behind its end", of.entry.version + 1, run));
}

result<std::vector<run_entry>> run_store::list(const run_filter& filter) {
  std::string sql = fmt::format("SELECT {} FROM runs WHERE true", columns);
  parameters with;
  if (!filter.statuses.empty())
    sql += fmt::format(" AND status IN ({})", fmt::join(filter.statuses, ","));
  if (filter.started_since)
    sql += fmt::format(" AND started_us >= {}", to_us(*filter.started_since));
  if (!filter.workflow.empty()) {
    sql += " AND workflow = $1";
    with.add_bytes(filter.workflow);
  }
  sql += fmt::format(" ORDER BY started_us DESC, number DESC LIMIT {}",
                     std::min(filter.limit, std::size_t{1'000'000'000}));
  return carry_out<std::vector<run_entry>>([&]() -> outcome<std::vector<run_entry>> {
    const auto found = session_->run(sql, with);
    if (!found) return tl::unexpected(found.error());
    std::vector<run_entry> made;
    for (std::size_t i = 0; i < found->size(); ++i) {
      auto row = to_row(*found, i);
      if (!row) return tl::unexpected(row.error());
      made.push_back(std::move(row->entry));
    }
    return made;
  });
}

} // namespace troupe::workflow::postgres
