#include "actors/workflow/sqlite_run_store.hpp"
#include "actors/workflow/stored_blobs.hpp"

namespace troupe::workflow {

result<void> sqlite_run_store::append(std::span<const append_batch> batches) {
  auto guard = begin_writing();
  if (!guard) return tl::unexpected(std::move(guard.error()));
  result<void> done;
  for (const append_batch& batch : batches)
    if (done = append_one(batch); !done) break;
  if (done) done = guard->commit();
  // It tells of rows that were rolled back.
  if (!done) owned_.clear();
  return done;
}

result<void> sqlite_run_store::append_one(const append_batch& batch) {
  const auto known = owned_.find(batch.entry.run_id);
  owned_run run;
  if (batch.expected_version == 0) {
    const auto number = insert_run(batch);
    if (!number) return tl::unexpected(number.error());
    run.number = *number;
    if (auto tagged = insert_tags(batch.entry, *number); !tagged) return tagged;
    if (auto good = check_batch(batch); !good) return good;
  } else if (known != owned_.end()) {
    run = known->second;
  } else {
    const auto row = find_row(batch.entry.run_id);
    if (!row) return tl::unexpected(row.error());
    run.number = row->number;
    run.last_event = row->last_event;
  }
  if (auto inserted = insert_events(batch, run); !inserted) return inserted;
  if (auto advanced = advance(batch, run); !advanced) return advanced;
  run.status = batch.entry.status;
  if (batch.entry.closed == time_point{})
    owned_.insert_or_assign(batch.entry.run_id, run);
  else
    owned_.erase(batch.entry.run_id);
  return {};
}

result<std::int64_t> sqlite_run_store::insert_run(const append_batch& batch) {
  sqlite::statement& insert = statements_.insert_run;
  const sqlite::reset_guard done{insert};
  const run_entry& entry = batch.entry;
  auto row = insert.bind(1, entry.run_id)
                 .bind(2, entry.workflow)
                 .bind(3, entry.workflow_version)
                 .bind(4, std::int64_t{entry.status})
                 .bind(5, to_us(entry.started))
                 .bind(6, to_us(entry.closed))
                 .bind(7, std::int64_t{0})
                 .bind(8, owner_)
                 .step();
  if (!row) return tl::unexpected(std::move(row.error()));
  if (*row) return insert.number(0);
  return tl::unexpected(run_is_there(entry.run_id, file_));
}

/// Moves the run's entry on to what it is after the batch, where the batch fits: the one check of
/// owner, epoch and version.
result<void> sqlite_run_store::advance(const append_batch& batch, const owned_run& run) {
  run_entry entry = batch.entry;
  entry.version = batch.expected_version + batch.events.size();
  const checksum sum = sum_of(sums_, entry, run.number);
  const bool same_status = run.status == entry.status && entry.closed == time_point{};
  sqlite::statement& update = same_status ? statements_.advance_run : statements_.update_run;
  update.bind(1, run.number)
      .bind(2, static_cast<std::int64_t>(entry.version))
      .bind(3, std::span<const unsigned char>{sum})
      .bind(4, static_cast<std::int64_t>(batch.expected_version))
      .bind(5, owner_)
      .bind(6, static_cast<std::int64_t>(batch.epoch))
      .bind(7, run.last_event);
  if (!same_status) update.bind(8, std::int64_t{entry.status}).bind(9, to_us(entry.closed));
  if (auto updated = update.run(); !updated) return updated;
  if (database_.changes() == 1) return {};
  return tl::unexpected(refusal(batch));
}

/// Why an append to an existing run does not fit.
error sqlite_run_store::refusal(const append_batch& batch) {
  const auto row = find_row(batch.entry.run_id);
  if (!row) return row.error();
  if (auto fits = check_fits(batch, row->entry, owner_); !fits) return fits.error();
  return {workflow_errc::version_conflict,
          "run " + row->entry.run_id + " is not the one that this store had at work"};
}

/// Puts the events behind the run's last one. Whether they belong there is checked after: what does not
/// fit is rolled back.
result<void> sqlite_run_store::insert_events(const append_batch& batch, owned_run& run) {
  std::uint64_t sequence = batch.expected_version;
  if (auto good = check_batch(batch); !good) return good;
  for (const std::string_view event : batch.events)
    if (auto inserted = insert_event(batch, ++sequence, event, run); !inserted) return inserted;
  return {};
}

/// A large payload comes before the event that refers to it, in the same transaction; where it is there already, only once.
result<void> sqlite_run_store::insert_event(const append_batch& batch, std::uint64_t sequence,
                                            std::string_view event, owned_run& run) {
  const checksum sum = sum_of(sums_, batch.entry.run_id, sequence, event);
  const auto cut = cut_payload(event);
  if (cut) {
    statements_.insert_blob.bind(1, bytes_of(cut->hash)).bind(2, bytes_of(cut->payload));
    if (auto inserted = statements_.insert_blob.run(); !inserted) return inserted;
  }
  statements_.insert_event.bind(1, run.number)
      .bind(2, static_cast<std::int64_t>(sequence))
      .bind(3, run.last_event)
      .bind(4, bytes_of(cut ? cut->rest : event))
      .bind(5, std::span<const unsigned char>{sum})
      .bind(6, bytes_of(cut ? std::string_view{cut->hash} : std::string_view{}))
      .bind(7, cut ? static_cast<std::int64_t>(cut->at) : std::int64_t{0});
  if (auto inserted = statements_.insert_event.run(); !inserted) return inserted;
  run.last_event = database_.last_id();
  return {};
}

} // namespace troupe::workflow
