#include "actors/workflow/store_check.hpp"

#include "actors/workflow/row_check.hpp"
#include "actors/workflow/sha256.hpp"
#include "actors/workflow/stored_rows.hpp"

#include <fmt/format.h>

namespace troupe::workflow {
namespace {

/// Damages of one kind that are told one by one.
constexpr std::int64_t most_told = 1'000;

std::string shown_id(const std::string& id) {
  return id.substr(0, most_shown_of_id);
}

class checker {
public:
  checker(raw_store& rows, store& histories, const store_watch& watch)
      : rows_(rows), histories_(histories), watch_(watch) {}

  result<check_report> check();

private:
  [[nodiscard]] result<void> check_file();
  [[nodiscard]] result<void> check_runs();
  [[nodiscard]] result<void> check_run(const row& from);
  void check_history(const run_entry& entry, std::int64_t number,
                     std::span<const std::string> events);
  [[nodiscard]] bool has_tags(const run_entry& due, std::int64_t number);
  [[nodiscard]] result<void> check_strays();
  /// Looks at each row of a table that stands alone.
  template <class IsGood>
  [[nodiscard]] result<void> check_table(v1::BackupTable id, std::size_t name_column,
                                         std::uint64_t& count, const IsGood& is_good);
  [[nodiscard]] result<void> survive(result<void> done, v1::BackupTable where);
  void add(v1::BackupTable where, std::string id, std::int64_t run, std::string what) {
    made_.damages.push_back({where, shown_id(id), run, std::move(what)});
  }

  raw_store& rows_;
  store& histories_;
  const store_watch& watch_;
  checksummer sums_;
  check_report made_;
  std::uint64_t all_runs_ = 0;
};

/// A table that can be read only up to a point is damage, and the others are looked at all the same.
result<void> checker::survive(result<void> done, v1::BackupTable where) {
  if (done || done.error().code != workflow_errc::store_damaged) return done;
  add(where, "", 0, done.error().context);
  return {};
}

result<void> checker::check_file() {
  const auto found = rows_.faults();
  if (!found) return tl::unexpected(found.error());
  for (const std::string& each : *found)
    add(v1::BACKUP_TABLE_UNSPECIFIED, "", 0, each);
  return {};
}

void checker::check_history(const run_entry& entry, std::int64_t number,
                            std::span<const std::string> events) {
  const auto history = replay_stored(events);
  if (history.unreadable) {
    made_.unreadable.push_back(
        {v1::BACKUP_TABLE_RUNS, shown_id(entry.run_id), number, history.why});
    return;
  }
  if (!history.why.empty()) return add(v1::BACKUP_TABLE_EVENTS, entry.run_id, number, history.why);
  // Others may have appended between the two looks.
  if (events.size() != entry.version || events.empty()) return;
  const run_entry due = entry_of(history.state);
  if (due.run_id != entry.run_id || due.status != entry.status || due.workflow != entry.workflow ||
      to_us(due.closed) != to_us(entry.closed))
    return add(v1::BACKUP_TABLE_RUNS, entry.run_id, number,
               "its entry is not what its history comes to");
  if (!has_tags(due, number))
    add(v1::BACKUP_TABLE_RUN_TAGS, entry.run_id, number, "its tags are not those of its history");
}

/// Whether it is found by what it is called, and by nothing else.
bool checker::has_tags(const run_entry& due, std::int64_t number) {
  const stored_table& table = table_of(v1::BACKUP_TABLE_RUN_TAGS);
  if (!rows_.has(table)) return true;
  std::vector<row> there;
  const auto read = rows_.scan(table, "run = ?1", {number}, [&](row& shown) -> result<void> {
    return there.push_back(shown), result<void>{};
  });
  return read && there == tag_rows_of(due, number);
}

result<void> checker::check_run(const row& from) {
  const std::int64_t number = number_in(from, col::run_number);
  const run_entry entry = entry_in(from);
  if (!is_good_run(from, sums_)) {
    add(v1::BACKUP_TABLE_RUNS, entry.run_id, number, "its entry is not what was written");
    return {};
  }
  const auto events = histories_.read(entry.run_id);
  if (events) {
    made_.events += events->size();
    check_history(entry, number, *events);
    return {};
  }
  // Somebody has removed it meanwhile.
  if (events.error().code == workflow_errc::run_unknown) return {};
  if (events.error().code != workflow_errc::store_damaged) return tl::unexpected(events.error());
  add(v1::BACKUP_TABLE_EVENTS, entry.run_id, number, events.error().context);
  return {};
}

result<void> checker::check_runs() {
  const auto count = count_rows(rows_, "SELECT count(*) FROM runs");
  if (count) all_runs_ = static_cast<std::uint64_t>(*count);
  return rows_.scan(table_of(v1::BACKUP_TABLE_RUNS), "", {}, [&](row& from) -> result<void> {
    if (auto go_on = watch_.step("runs", ++made_.runs, all_runs_); !go_on) return go_on;
    return check_run(from);
  });
}

/// Events that no run has.
result<void> checker::check_strays() {
  constexpr column_kind kinds[] = {column_kind::number, column_kind::number, column_kind::number};
  const auto found = rows_.query(
      fmt::format(
          "SELECT e.run, min(e.number), count(*) FROM events e LEFT JOIN runs r ON r.number "
          "= e.run WHERE r.number IS NULL OR e.number > r.version GROUP BY e.run LIMIT {}",
          most_told),
      {}, kinds);
  if (!found) return tl::unexpected(found.error());
  for (const row& each : *found)
    add(v1::BACKUP_TABLE_EVENTS, "", number_in(each, 0),
        fmt::format("{} events from number {} on belong to no run (run number {})",
                    number_in(each, 2), number_in(each, 1), number_in(each, 0)));
  return {};
}

template <class IsGood>
result<void> checker::check_table(v1::BackupTable id, std::size_t name_column, std::uint64_t& count,
                                  const IsGood& is_good) {
  const stored_table& table = table_of(id);
  return survive(rows_.scan(table, "", {},
                            [&](row& from) -> result<void> {
                              if (auto go_on = watch_.step(table.name, ++count, 0); !go_on)
                                return go_on;
                              if (is_good(from)) return {};
                              const std::string& name = bytes_in(from, name_column);
                              add(id, id == v1::BACKUP_TABLE_BLOBS ? to_hex(name) : name, 0,
                                  "it is not what was written");
                              return {};
                            }),
                 id);
}

result<check_report> checker::check() {
  result<void> done = check_file();
  if (done) done = survive(check_runs(), v1::BACKUP_TABLE_RUNS);
  if (done) done = survive(check_strays(), v1::BACKUP_TABLE_EVENTS);
  if (done)
    done = check_table(v1::BACKUP_TABLE_BLOBS, col::blob_hash, made_.blobs,
                       [](const row& from) { return is_good_blob(from); });
  if (done)
    done = check_table(v1::BACKUP_TABLE_CANCEL_REQUESTS, col::cancel_run_id, made_.cancel_requests,
                       [&](const row& from) { return is_good_cancel(from, sums_); });
  if (done)
    done = check_table(v1::BACKUP_TABLE_SIGNAL_REQUESTS, col::signal_id, made_.signal_requests,
                       [&](const row& from) { return is_good_signal(from, sums_); });
  if (done)
    done = check_table(v1::BACKUP_TABLE_DEAD_LETTERS, col::letter_id, made_.dead_letters,
                       [](const row& from) { return is_good_letter(from); });
  if (done)
    done = check_table(v1::BACKUP_TABLE_QUARANTINE, col::quarantine_run_id, made_.quarantined,
                       [](const row&) { return true; });
  if (!done) return tl::unexpected(std::move(done.error()));
  return std::move(made_);
}

} // namespace

result<check_report> check_store(raw_store& rows, store& histories, const store_watch& watch) {
  return checker{rows, histories, watch}.check();
}

std::string name_of(v1::BackupTable table) {
  const auto* known = find_table(table);
  return known ? known->name : "file";
}

} // namespace troupe::workflow
