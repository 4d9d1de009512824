#include "actors/workflow/sqlite_run_store.hpp"
#include "actors/workflow/stored_blobs.hpp"

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
  if (const std::string hash{query.blob(5)}; !hash.empty())
    if (auto put = put_blob_back(from, due, hash, query.number(6), into); !put)
      return tl::unexpected(std::move(put.error()));
  if (query.blob(4) != view(sum_of(sums_, from.entry.run_id, due, into)))
    return damaged(
        fmt::format("event {} of run '{}' is not what was written", due, from.entry.run_id));
  return query.number(2);
}

/// A payload that lies apart.
result<void> sqlite_run_store::put_blob_back(const run_row& from, std::uint64_t due,
                                             const std::string& hash, std::int64_t at,
                                             std::string& into) {
  sqlite::statement& query = statements_.read_blob;
  const sqlite::reset_guard done{query};
  const auto there = query.bind(1, bytes_of(hash)).step();
  if (!there) return tl::unexpected(there.error());
  const auto payload = *there ? std::optional{std::string{query.blob(0)}} : std::nullopt;
  if (const auto wrong = put_payload_back(into, at, hash, payload))
    return damaged(fmt::format("event {} of run '{}': {}", due, from.entry.run_id, *wrong));
  return {};
}

namespace {

/// Texts that a search is given, as `?N`.
class search_text {
public:
  std::string add(const std::string& text) {
    texts_.push_back(&text);
    return fmt::format("?{}", texts_.size());
  }
  void bind(sqlite::statement& to) const {
    for (std::size_t i = 0; i < texts_.size(); ++i)
      to.bind(static_cast<int>(i) + 1, std::string_view{*texts_[i]});
  }

private:
  std::vector<const std::string*> texts_;
};

using tag_pairs = std::vector<std::pair<std::string, std::string>>;

/// @param along_first by the index of the first tag, which is in the order of the result; the others are looked up run by run.
std::string tags_sql(const tag_pairs& tags, bool along_first, search_text& texts) {
  std::string sql;
  for (std::size_t i = 0; i < tags.size(); ++i) {
    const std::string key = texts.add(tags[i].first), value = texts.add(tags[i].second);
    sql += i == 0 && along_first
               ? fmt::format(" AND t.key = {} AND t.value = {}", key, value)
               : fmt::format(" AND EXISTS (SELECT 1 FROM run_tags o WHERE o.key = {} AND o.value "
                             "= {} AND o.started_us = {} AND o.run = {})",
                             key, value, along_first ? "t.started_us" : "runs.started_us",
                             along_first ? "t.run" : "runs.number");
  }
  return sql;
}

std::string list_sql(const std::string& columns, const run_filter& filter, const tag_pairs& tags,
                     search_text& texts) {
  const bool by_tag = !tags.empty() && !filter.closed_since;
  const std::string started = by_tag ? "t.started_us" : "runs.started_us";
  const std::string number = by_tag ? "t.run" : "runs.number";
  std::string sql = "SELECT " + columns +
                    (by_tag ? " FROM run_tags t CROSS JOIN runs ON runs.number = t.run WHERE 1"
                            : " FROM runs WHERE 1") +
                    tags_sql(tags, by_tag, texts);
  // What was closed lately is few among all: with a '+' in front no other index is gone along.
  const char* const aside = filter.closed_since ? "+" : "";
  if (!filter.statuses.empty())
    sql += fmt::format(" AND {}runs.status IN ({})", aside, fmt::join(filter.statuses, ","));
  if (!filter.workflow.empty())
    sql += fmt::format(" AND {}runs.workflow = {}", aside, texts.add(filter.workflow));
  if (filter.started_since)
    sql += fmt::format(" AND {} >= {}", started, to_us(*filter.started_since));
  if (filter.started_before)
    sql += fmt::format(" AND {} < {}", started, to_us(*filter.started_before));
  // In the words of the index on it.
  if (filter.closed_since)
    sql += fmt::format(" AND runs.closed_us != 0 AND runs.closed_us >= {}",
                       to_us(*filter.closed_since));
  return sql + fmt::format(" ORDER BY {}{} DESC, {} DESC LIMIT {}", aside, started, number,
                           std::min(filter.limit, std::size_t{1'000'000'000}));
}

} // namespace

result<std::vector<run_entry>> sqlite_run_store::list(const run_filter& filter) {
  // Files of earlier formats have no tags.
  if (!filter.tags.empty() && format_ < 6) return std::vector<run_entry>{};
  const auto tags = order_tags(filter);
  if (!tags) return tl::unexpected(tags.error());
  search_text texts;
  auto query = database_.prepare(list_sql(run_columns(format_), filter, *tags, texts));
  if (!query) return tl::unexpected(std::move(query.error()));
  texts.bind(*query);
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
