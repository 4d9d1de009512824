#include "actors/workflow/sqlite_run_store.hpp"

#include <fmt/format.h>

namespace troupe::workflow {

result<void> sqlite_run_store::append(std::span<const append_batch> batches) {
  auto guard = begin_writing();
  if (!guard) return tl::unexpected(std::move(guard.error()));
  for (const append_batch& batch : batches)
    if (auto appended = append_one(batch); !appended) return appended;
  return guard->commit();
}

result<void> sqlite_run_store::append_one(const append_batch& batch) {
  std::int64_t number = 0;
  if (batch.expected_version == 0) {
    auto inserted = insert_run(batch);
    if (!inserted) return tl::unexpected(std::move(inserted.error()));
    number = *inserted;
  } else {
    const auto row = check_owned(batch);
    if (!row) return tl::unexpected(row.error());
    number = row->number;
  }
  if (auto inserted = insert_events(batch, number); !inserted) return inserted;
  return update_run(batch, number);
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
  return fail(workflow_errc::run_exists,
              fmt::format("there is a run '{}' in {}; choose another id, or resume it",
                          entry.run_id, file_));
}

result<run_row> sqlite_run_store::check_owned(const append_batch& batch) {
  auto row = find_row(batch.entry.run_id);
  if (!row) return row;
  if (row->entry.owner != owner_ || row->entry.epoch != batch.epoch)
    return fail(workflow_errc::ownership_lost,
                fmt::format("run {} was taken over by owner {} (epoch {}, this is {})",
                            batch.entry.run_id, row->entry.owner, row->entry.epoch, batch.epoch));
  if (row->entry.version != batch.expected_version)
    return fail(workflow_errc::version_conflict,
                fmt::format("run {} has {} events, {} were expected", batch.entry.run_id,
                            row->entry.version, batch.expected_version));
  return row;
}

result<void> sqlite_run_store::insert_events(const append_batch& batch, std::int64_t number) {
  std::uint64_t sequence = batch.expected_version;
  if (sequence + batch.events.size() >= static_cast<std::uint64_t>(events_per_run))
    return fail(workflow_errc::store_full,
                fmt::format("run {} has too many events", batch.entry.run_id));
  for (const std::string& event : batch.events) {
    const checksum sum = sum_of(sums_, batch.entry.run_id, ++sequence, event);
    statements_.insert_event.bind(1, number * events_per_run + static_cast<std::int64_t>(sequence))
        .bind(2, bytes_of(event))
        .bind(3, std::span<const unsigned char>{sum});
    if (auto inserted = statements_.insert_event.run(); !inserted) return inserted;
  }
  return {};
}

result<void> sqlite_run_store::update_run(const append_batch& batch, std::int64_t number) {
  run_entry entry = batch.entry;
  entry.version = batch.expected_version + batch.events.size();
  const checksum sum = sum_of(sums_, entry, number);
  statements_.update_run.bind(1, number)
      .bind(2, std::int64_t{entry.status})
      .bind(3, to_us(entry.closed))
      .bind(4, static_cast<std::int64_t>(entry.version))
      .bind(5, std::span<const unsigned char>{sum});
  return statements_.update_run.run();
}

} // namespace troupe::workflow
