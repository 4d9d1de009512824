#include "actors/workflow/sqlite_run_store.hpp"
#include "troupe/v1/run.pb.h"

#include <fmt/format.h>

namespace troupe::workflow {

result<void> sqlite_run_store::request_signal(const signal_request& wanted, time_point now) {
  if (auto good = check_bounds(wanted); !good) return good;
  auto guard = begin_writing();
  if (!guard) return tl::unexpected(std::move(guard.error()));
  const auto row = find_row(wanted.run_id);
  if (!row) return tl::unexpected(row.error());
  if (row->entry.status != v1::RUN_STATUS_RUNNING)
    return tl::unexpected(nobody_to_signal(wanted.run_id));
  if (auto dropped = drop_settled(); !dropped) return dropped;
  if (auto inserted = insert_signal(wanted, to_us(now) / 1'000); !inserted) return inserted;
  return guard->commit();
}

/// Puts a signal behind all others, unless it is there.
result<void> sqlite_run_store::insert_signal(const signal_request& wanted, std::int64_t time_ms) {
  sqlite::statement& place = statements_.place_signal;
  const sqlite::reset_guard done{place};
  if (auto placed = place.bind(1, wanted.run_id).bind(2, wanted.id).step(); !placed)
    return tl::unexpected(std::move(placed.error()));
  if (place.number(2) > 0) return {};
  if (place.number(1) >= static_cast<std::int64_t>(signal_bounds::kept))
    return tl::unexpected(has_too_many_signals(wanted.run_id, place.number(1)));
  const std::int64_t number = place.number(0);
  const checksum sum = sum_of(sums_, wanted, number, time_ms);
  return statements_.add_signal.bind(1, number)
      .bind(2, wanted.id)
      .bind(3, wanted.run_id)
      .bind(4, wanted.name)
      .bind(5, time_ms)
      .bind(6, std::span<const unsigned char>{sum})
      .bind(7, bytes_of(wanted.payload))
      .run();
}

/// The signal that `read_signals` stands at. Unlike a wish to cancel, a damaged one is not passed over: a run may wait
/// for it for ever.
result<signal_request> sqlite_run_store::to_signal(const sqlite::statement& from) {
  signal_request made{std::string{from.text(1)}, std::string{from.text(2)},
                      std::string{from.text(3)}, std::string{from.blob(6)}};
  if (from.blob(5) == view(sum_of(sums_, made, from.number(0), from.number(4)))) return made;
  return damaged(fmt::format("signal '{}' of run '{}' is not what was written",
                             made.id.substr(0, most_shown_of_id),
                             made.run_id.substr(0, most_shown_of_id)));
}

result<std::vector<signal_request>> sqlite_run_store::signal_requests() {
  std::vector<signal_request> made;
  if (!locks_) return fail(workflow_errc::store_unavailable, file_ + " is open for reading only");
  sqlite::statement& query = statements_.read_signals;
  const sqlite::reset_guard done{query};
  for (;;) {
    const auto more = query.step();
    if (!more) return tl::unexpected(more.error());
    if (!*more) return made;
    auto signal = to_signal(query);
    if (!signal) return tl::unexpected(std::move(signal.error()));
    made.push_back(std::move(*signal));
  }
}

result<void> sqlite_run_store::drop_signals(std::span<const std::string> ids) {
  if (ids.empty()) return {};
  auto guard = begin_writing();
  if (!guard) return tl::unexpected(std::move(guard.error()));
  for (const std::string& id : ids)
    if (auto dropped = statements_.remove_signal.bind(1, id).run(); !dropped) return dropped;
  return guard->commit();
}

} // namespace troupe::workflow
