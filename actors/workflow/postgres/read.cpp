#include "actors/workflow/postgres/run_store.hpp"
#include "actors/workflow/stored_blobs.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace troupe::workflow::postgres {
namespace {

constexpr const char* list_columns =
    "r.number, r.run_id, r.workflow, r.workflow_version, r.status, r.started_us, r.closed_us, "
    "r.version, r.owner, r.epoch, r.checksum";

constexpr statement find_events{"find_events", "SELECT number, bytes, checksum, blob, blob_at FROM "
                                               "events WHERE run = $1 ORDER BY number"};
/// Of a schema of format 1.
constexpr statement find_old_events{"find_old_events",
                                    "SELECT number, bytes, checksum, ''::bytea, 0 "
                                    "FROM events WHERE run = $1 ORDER BY number"};
constexpr statement find_blob{"find_blob", "SELECT bytes FROM blobs WHERE hash = $1"};

/// Runs that have all tags of a filter, as a part of a query of theirs.
std::string tags_sql(const run_filter& filter, parameters& with) {
  std::string sql;
  for (const auto& [key, value] : filter.tags) {
    with.add_bytes(key).add_bytes(value);
    const std::size_t last = with.texts().size();
    const std::string tag = fmt::format("t{}", last);
    sql += fmt::format(" JOIN run_tags {0} ON {0}.run = r.number AND {0}.started_us = r.started_us "
                       "AND {0}.key = ${1} AND {0}.value = ${2}",
                       tag, last - 1, last);
  }
  return sql;
}

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
  const auto found =
      session_->run(format_ >= 2 ? find_events : find_old_events, parameters{}.add(of.number));
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
    if (auto put = put_blob_back(*found, at, of, events.back()); !put)
      return tl::unexpected(put.error());
    if (bytes_at(*found, at, 2) != view(sum_of(sums_, run, due, events.back())))
      return damaged(fmt::format("event {} of run '{}' is not what was written", due, run));
  }
  if (there == of.entry.version) return events;
  return damaged(fmt::format("event {} of run '{}' is behind its end", of.entry.version + 1, run));
}

/// A payload that lies apart.
outcome<void> run_store::put_blob_back(const rows& from, std::size_t at, const run_row& of,
                                       std::string& into) {
  const std::string hash = bytes_at(from, at, 3);
  if (hash.empty()) return {};
  const auto found = session_->run(find_blob, parameters{}.add_bytes(hash));
  if (!found) return tl::unexpected(found.error());
  const auto payload = found->empty() ? std::nullopt : std::optional{bytes_at(*found, 0, 0)};
  if (const auto wrong = put_payload_back(into, number_at(from, at, 4), hash, payload))
    return damaged(
        fmt::format("event {} of run '{}': {}", number_at(from, at, 0), of.entry.run_id, *wrong));
  return {};
}

result<std::vector<run_entry>> run_store::list(const run_filter& filter) {
  parameters with;
  const std::string tags = tags_sql(filter, with);
  std::string sql = fmt::format("SELECT {} FROM runs r{} WHERE true", list_columns, tags);
  if (!filter.statuses.empty())
    sql += fmt::format(" AND r.status IN ({})", fmt::join(filter.statuses, ","));
  if (filter.started_since)
    sql += fmt::format(" AND r.started_us >= {}", to_us(*filter.started_since));
  if (filter.started_before)
    sql += fmt::format(" AND r.started_us < {}", to_us(*filter.started_before));
  if (filter.closed_since)
    sql += fmt::format(" AND r.closed_us <> 0 AND r.closed_us >= {}", to_us(*filter.closed_since));
  if (!filter.workflow.empty()) {
    with.add_bytes(filter.workflow);
    sql += fmt::format(" AND r.workflow = ${}", with.texts().size());
  }
  // What was closed lately is few among all, and is sorted: no index by start is gone along.
  sql += fmt::format(" ORDER BY r.started_us{} DESC, r.number DESC LIMIT {}",
                     filter.closed_since ? " + 0" : "",
                     std::min(filter.limit, std::size_t{1'000'000'000}));
  return carry_out<std::vector<run_entry>>([&]() -> outcome<std::vector<run_entry>> {
    // A schema of format 1 has no tags.
    if (!filter.tags.empty() && format_ < 2) return std::vector<run_entry>{};
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
