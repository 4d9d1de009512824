#include "actors/workflow/postgres/run_store.hpp"
#include "actors/workflow/stored_cancel.hpp"
#include "troupe/v1/run.pb.h"

#include <algorithm>
#include <fmt/format.h>

namespace troupe::workflow::postgres {
namespace {

constexpr statement drop_cancels{
    "drop_cancels", "DELETE FROM cancel_requests w USING runs r WHERE r.run_id = w.run_id AND "
                    "r.closed_us <> 0"};
constexpr statement drop_closed_signals{
    "drop_closed_signals", "DELETE FROM signal_requests w USING runs r WHERE r.run_id = w.run_id "
                           "AND r.closed_us <> 0"};
constexpr statement add_cancel{"add_cancel",
                               "INSERT INTO cancel_requests (run_id, reason, time_ms, checksum) "
                               "VALUES ($1, $2, $3, $4) ON CONFLICT (run_id) DO UPDATE SET "
                               "reason = EXCLUDED.reason, time_ms = EXCLUDED.time_ms, "
                               "checksum = EXCLUDED.checksum"};
constexpr statement read_cancels{"read_cancels",
                                 "SELECT run_id, reason, time_ms, checksum FROM cancel_requests"};
constexpr statement place_signal{"place_signal",
                                 "SELECT (SELECT count(*) FROM signal_requests WHERE run_id = $1), "
                                 "(SELECT count(*) FROM signal_requests WHERE id = $2)"};
constexpr statement number_signal{"number_signal", "SELECT nextval('signal_numbers')"};
constexpr statement add_signal{
    "add_signal",
    "INSERT INTO signal_requests (number, id, run_id, name, time_ms, checksum, payload) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING"};
constexpr statement read_signals{"read_signals",
                                 "SELECT number, id, run_id, name, time_ms, checksum, payload FROM "
                                 "signal_requests ORDER BY number"};
constexpr statement remove_signals{"remove_signals",
                                   "DELETE FROM signal_requests WHERE id = ANY ($1::bytea[])"};

outcome<void> without_rows(outcome<rows> done) {
  if (!done) return tl::unexpected(std::move(done.error()));
  return {};
}

} // namespace

/// Until the transaction ends its owner cannot close the run, and nobody else adds a signal to it.
outcome<run_row> run_store::lock_open_run(const std::string& run_id,
                                          error (*closed)(const std::string&),
                                          bool or_compensating) {
  auto row = find_row(run_id, lock_run);
  if (row && row->entry.status != v1::RUN_STATUS_RUNNING &&
      !(or_compensating && row->entry.status == v1::RUN_STATUS_COMPENSATING))
    return refuse(closed(run_id));
  return row;
}

/// What is kept for runs that are closed has done its work.
outcome<void> run_store::drop_settled() {
  if (auto dropped = session_->run(drop_cancels); !dropped) return tl::unexpected(dropped.error());
  return without_rows(session_->run(drop_closed_signals));
}

// --- wishes to cancel ----------------------------------------------------------------------------

result<void> run_store::request_cancel(const cancel_request& wanted, time_point now) {
  if (auto fits = check_writable(); !fits) return fits;
  const std::int64_t time_ms = to_us(now) / 1'000;
  return carry_out<void>([&]() -> outcome<void> {
    auto guard = transaction::begin(*session_);
    if (!guard) return tl::unexpected(guard.error());
    const auto row = lock_open_run(wanted.run_id, nothing_to_cancel, wanted.force);
    if (!row) return tl::unexpected(row.error());
    if (auto dropped = drop_settled(); !dropped) return dropped;
    const auto before = read_cancel_requests();
    if (!before) return tl::unexpected(before.error());
    cancel_request kept = wanted;
    if (const auto first = std::ranges::find(*before, wanted.run_id, &cancel_request::run_id);
        first != before->end()) {
      kept = *first;
      if (!hasten(kept, wanted)) return guard->commit();
    }
    const std::string text = stored_text(kept);
    const checksum sum = sum_of(sums_, std::string_view{wanted.run_id}, text, time_ms);
    const auto added = session_->run(
        add_cancel,
        parameters{}.add_bytes(wanted.run_id).add_bytes(text).add(time_ms).add_bytes(view(sum)));
    if (!added) return tl::unexpected(added.error());
    return guard->commit();
  });
}

result<std::vector<cancel_request>> run_store::cancel_requests() {
  if (auto fits = check_writable(); !fits) return tl::unexpected(fits.error());
  return carry_out<std::vector<cancel_request>>([&] { return read_cancel_requests(); });
}

outcome<std::vector<cancel_request>> run_store::read_cancel_requests() {
  const auto found = session_->run(read_cancels);
  if (!found) return tl::unexpected(found.error());
  std::vector<cancel_request> made;
  for (std::size_t i = 0; i < found->size(); ++i) {
    const std::string run_id = bytes_at(*found, i, 0);
    const std::string text = bytes_at(*found, i, 1);
    // A damaged wish is none: nobody must lose a run to a flipped bit.
    if (bytes_at(*found, i, 3) ==
        view(sum_of(sums_, std::string_view{run_id}, text, number_at(*found, i, 2))))
      made.push_back(cancel_from_text(run_id, text));
  }
  return made;
}

// --- signals -------------------------------------------------------------------------------------

result<void> run_store::request_signal(const signal_request& wanted, time_point now) {
  if (auto good = check_bounds(wanted); !good) return good;
  if (auto fits = check_writable(); !fits) return fits;
  return carry_out<void>([&]() -> outcome<void> {
    auto guard = transaction::begin(*session_);
    if (!guard) return tl::unexpected(guard.error());
    const auto row = lock_open_run(wanted.run_id, nobody_to_signal);
    if (!row) return tl::unexpected(row.error());
    if (auto dropped = drop_settled(); !dropped) return dropped;
    if (auto inserted = insert_signal(wanted, to_us(now) / 1'000); !inserted) return inserted;
    return guard->commit();
  });
}

/// Puts a signal behind all others, unless it is there.
outcome<void> run_store::insert_signal(const signal_request& wanted, std::int64_t time_ms) {
  const auto place =
      session_->run(place_signal, parameters{}.add_bytes(wanted.run_id).add_bytes(wanted.id));
  if (!place) return tl::unexpected(place.error());
  if (number_at(*place, 0, 1) > 0) return {};
  if (number_at(*place, 0, 0) >= static_cast<std::int64_t>(signal_bounds::kept))
    return refuse(has_too_many_signals(wanted.run_id, number_at(*place, 0, 0)));
  const auto number = session_->run(number_signal);
  if (!number) return tl::unexpected(number.error());
  const checksum sum = sum_of(sums_, wanted, number_of(*number), time_ms);
  return without_rows(session_->run(add_signal, parameters{}
                                                    .add(number_of(*number))
                                                    .add_bytes(wanted.id)
                                                    .add_bytes(wanted.run_id)
                                                    .add_bytes(wanted.name)
                                                    .add(time_ms)
                                                    .add_bytes(view(sum))
                                                    .add_bytes(wanted.payload)));
}

/// Unlike a wish to cancel, a damaged one is not passed over: a run may wait for it for ever.
outcome<signal_request> run_store::to_signal(const rows& from, std::size_t row) {
  signal_request made{bytes_at(from, row, 1), bytes_at(from, row, 2), bytes_at(from, row, 3),
                      bytes_at(from, row, 6)};
  const checksum sum = sum_of(sums_, made, number_at(from, row, 0), number_at(from, row, 4));
  if (bytes_at(from, row, 5) == view(sum)) return made;
  return damaged(fmt::format("signal '{}' of run '{}' is not what was written",
                             made.id.substr(0, most_shown_of_id),
                             made.run_id.substr(0, most_shown_of_id)));
}

result<std::vector<signal_request>> run_store::signal_requests() {
  if (auto fits = check_writable(); !fits) return tl::unexpected(fits.error());
  return carry_out<std::vector<signal_request>>([&]() -> outcome<std::vector<signal_request>> {
    const auto found = session_->run(read_signals);
    if (!found) return tl::unexpected(found.error());
    std::vector<signal_request> made;
    for (std::size_t i = 0; i < found->size(); ++i) {
      auto signal = to_signal(*found, i);
      if (!signal) return tl::unexpected(signal.error());
      made.push_back(std::move(*signal));
    }
    return made;
  });
}

result<void> run_store::drop_signals(std::span<const std::string> ids) {
  if (ids.empty()) return {};
  if (auto fits = check_writable(); !fits) return fits;
  column all;
  for (const std::string& id : ids)
    all.add_bytes(id);
  return carry_out<void>(
      [&] { return without_rows(session_->run(remove_signals, parameters{}.add(all))); });
}

} // namespace troupe::workflow::postgres
