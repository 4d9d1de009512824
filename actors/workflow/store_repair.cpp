#include "actors/workflow/store_repair.hpp"

#include "actors/workflow/run_salvage.hpp"
#include "actors/workflow/sha256.hpp"
#include "actors/workflow/stored_rows.hpp"
#include "troupe/v1/run.pb.h"

#include <fmt/format.h>
#include <set>

namespace troupe::workflow {
namespace {

std::string events_text(std::size_t count) {
  return fmt::format("{} event{}", count, count == 1 ? "" : "s");
}

bool is_open_status(std::int32_t status) {
  return status == v1::RUN_STATUS_RUNNING || status == v1::RUN_STATUS_COMPENSATING;
}

/// Whether another run has the id by now.
result<bool> is_taken(raw_store& in, const std::string& run_id, std::int64_t number) {
  const auto there = count_rows(in, "SELECT count(*) FROM runs WHERE run_id = ?1 AND number <> ?2",
                                {sql_value::text(run_id), number});
  if (!there) return tl::unexpected(there.error());
  return *there > 0;
}

class repairer {
public:
  repairer(raw_store& rows, std::chrono::system_clock::time_point now) : rows_(rows), now_(now) {}
  result<void> repair(const check_report& found);
  [[nodiscard]] std::vector<repaired> take() { return std::move(done_); }

private:
  result<void> begin_numbers();
  result<void> repair_run(std::int64_t number, const std::string& what);
  result<void> put_back(const run_salvage& of);
  result<void> take_out(const run_salvage& of, std::span<const row> lost, const std::string& why);
  result<void> repair_rows(v1::BackupTable table);
  result<void> quarantine(const stored_table& table, const row& content, const std::string& run_id,
                          const std::string& why);
  void tell(repaired::how done, v1::BackupTable where, const std::string& id, std::string what) {
    done_.push_back({done, where, id.substr(0, most_shown_of_id), std::move(what)});
  }

  raw_store& rows_;
  const std::chrono::system_clock::time_point now_;
  std::int64_t last_quarantined_ = 0;
  std::vector<repaired> done_;
};

result<void> repairer::begin_numbers() {
  const auto last = count_rows(rows_, "SELECT coalesce(max(number), 0) FROM quarantine");
  if (!last) return tl::unexpected(last.error());
  last_quarantined_ = *last;
  return {};
}

result<void> repairer::quarantine(const stored_table& table, const row& content,
                                  const std::string& run_id, const std::string& why) {
  const bool is_event = table.id == v1::BACKUP_TABLE_EVENTS;
  const row made{++last_quarantined_,
                 run_id,
                 why,
                 to_us(now_),
                 std::int64_t{table.id},
                 to_wire(table, content).SerializeAsString(),
                 is_event ? bytes_in(content, col::event_blob) : std::string{}};
  return rows_.insert(table_of(v1::BACKUP_TABLE_QUARANTINE), {&made, 1});
}

// --- runs ----------------------------------------------------------------------------------------

result<void> repairer::take_out(const run_salvage& of, std::span<const row> lost,
                                const std::string& why) {
  if (of.entry)
    if (auto kept = quarantine(table_of(v1::BACKUP_TABLE_RUNS), *of.entry, of.run_id, why); !kept)
      return kept;
  for (const row& each : lost)
    if (auto kept = quarantine(table_of(v1::BACKUP_TABLE_EVENTS), each, of.run_id, why); !kept)
      return kept;
  const std::int64_t number = of.number;
  if (auto gone = rows_.erase_events({&number, 1}); !gone)
    return tl::unexpected(std::move(gone.error()));
  for (const char* sql :
       {"DELETE FROM run_tags WHERE run = ?1", "DELETE FROM runs WHERE number = ?1"})
    if (auto gone = rows_.execute(sql, {number}); !gone)
      return tl::unexpected(std::move(gone.error()));
  return {};
}

/// Without an owner: whoever recovers the runs goes on with it, where it is open.
result<void> repairer::put_back(const run_salvage& of) {
  checksummer sums;
  const row entry = row_of(*of.rebuilt, of.number, sums);
  if (auto done = rows_.insert(table_of(v1::BACKUP_TABLE_RUNS), {&entry, 1}); !done) return done;
  if (auto done = rows_.insert(table_of(v1::BACKUP_TABLE_EVENTS), of.kept); !done) return done;
  const auto tags = tag_rows_of(*of.rebuilt, of.number);
  if (auto done = rows_.insert(table_of(v1::BACKUP_TABLE_RUN_TAGS), tags); !done) return done;
  return rows_.finish_inserts();
}

result<void> repairer::repair_run(std::int64_t number, const std::string& what) {
  const auto of = look_at_run(rows_, number);
  if (!of) return tl::unexpected(of.error());
  if (of->unreadable)
    return tell(repaired::how::left, v1::BACKUP_TABLE_RUNS, of->run_id,
                what + "; and this program lacks the message types to judge its history: repair it "
                       "with one that has them, or restore a backup"),
           result<void>{};
  const auto taken =
      of->rebuilt ? is_taken(rows_, of->rebuilt->run_id, number) : result<bool>{false};
  if (!taken) return tl::unexpected(taken.error());
  const std::string why = of->why.empty() ? what : of->why;
  if (!of->rebuilt || of->has_hole || *taken) {
    tell(repaired::how::set_aside, v1::BACKUP_TABLE_RUNS, of->run_id,
         fmt::format("{}; the run is out of the store, {} of it are in the quarantine", why,
                     events_text(of->events.size())));
    return take_out(*of, of->events, why);
  }
  if (of->lost.empty() && of->why.empty())
    tell(repaired::how::rebuilt, v1::BACKUP_TABLE_RUNS, of->run_id,
         fmt::format("{}; made again from its {}, nothing is lost", what,
                     events_text(of->kept.size())));
  else
    tell(repaired::how::cut, v1::BACKUP_TABLE_EVENTS, of->run_id,
         fmt::format(
             "{}; {} are lost (those that are there are in the quarantine), {} remain{}", why,
             of->entry_is_good
                 ? events_text(static_cast<std::size_t>(number_in(*of->entry, col::run_version)) -
                               of->kept.size())
                 : "an unknown number of events",
             events_text(of->kept.size()),
             is_open_status(of->rebuilt->status) ? ": the run goes on from there when it is resumed"
                                                 : ""));
  if (auto out = take_out(*of, of->lost, why); !out) return out;
  return put_back(*of);
}

// --- other rows ----------------------------------------------------------------------------------

result<void> repairer::repair_rows(v1::BackupTable id) {
  checksummer sums;
  const stored_table& table = table_of(id);
  std::vector<row> bad;
  auto scanned = rows_.scan(table, "", {}, [&](row& shown) -> result<void> {
    const bool good = id == v1::BACKUP_TABLE_BLOBS             ? is_good_blob(shown)
                      : id == v1::BACKUP_TABLE_CANCEL_REQUESTS ? is_good_cancel(shown, sums)
                      : id == v1::BACKUP_TABLE_SIGNAL_REQUESTS ? is_good_signal(shown, sums)
                                                               : is_good_letter(shown);
    if (!good) bad.push_back(shown);
    return {};
  });
  if (!scanned) return scanned;
  for (const row& each : bad) {
    // Of the other tables the first column is the key, and what people call the row.
    const bool by_number = id == v1::BACKUP_TABLE_SIGNAL_REQUESTS;
    const std::size_t key = 0;
    const std::string& name = bytes_in(each, by_number ? std::size_t{col::signal_id} : key);
    const std::string shown = id == v1::BACKUP_TABLE_BLOBS ? to_hex(name) : name;
    if (auto kept = quarantine(table, each, "", "it is not what was written"); !kept) return kept;
    const auto gone = rows_.execute(
        fmt::format("DELETE FROM {} WHERE {} = ?1", table.name, table.columns[key].name),
        {by_number ? sql_value{number_in(each, key)}
                   : sql_value{table.columns[key].kind, each[key]}});
    if (!gone) return tl::unexpected(gone.error());
    tell(repaired::how::removed, id, shown, "it is not what was written; it is in the quarantine");
  }
  return {};
}

result<void> repairer::repair(const check_report& found) {
  if (auto begun = begin_numbers(); !begun) return begun;
  std::set<std::int64_t> runs;
  std::set<v1::BackupTable> others;
  if (auto ready = rows_.prepare_search_of_events(); !ready) return ready;
  for (const damage& each : found.damages) {
    if (each.run == 0)
      others.insert(each.where);
    else if (runs.insert(each.run).second)
      if (auto done = repair_run(each.run, each.what); !done) return done;
  }
  if (auto ended = rows_.end_search_of_events(); !ended) return ended;
  for (const auto id : {v1::BACKUP_TABLE_BLOBS, v1::BACKUP_TABLE_CANCEL_REQUESTS,
                        v1::BACKUP_TABLE_SIGNAL_REQUESTS, v1::BACKUP_TABLE_DEAD_LETTERS})
    if (others.contains(id))
      if (auto done = repair_rows(id); !done) return done;
  return {};
}

} // namespace

result<repair_report> repair_store(raw_store& rows, store& histories,
                                   std::chrono::system_clock::time_point now,
                                   const store_watch& watch) {
  if (auto begun = rows.begin_alone(); !begun) return tl::unexpected(std::move(begun.error()));
  auto found = check_store(rows, histories, watch);
  if (!found) return rows.roll_back(), tl::unexpected(std::move(found.error()));
  repairer work{rows, now};
  auto done = work.repair(*found);
  if (done) done = rows.commit();
  if (!done) return rows.roll_back(), tl::unexpected(std::move(done.error()));
  return repair_report{std::move(*found), work.take()};
}

} // namespace troupe::workflow
