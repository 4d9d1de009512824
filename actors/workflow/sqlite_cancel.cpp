#include "actors/workflow/sqlite_run_store.hpp"
#include "actors/workflow/stored_cancel.hpp"
#include "troupe/v1/run.pb.h"

#include <algorithm>

namespace troupe::workflow {
result<void> sqlite_run_store::drop_settled() {
  if (auto dropped = statements_.drop_cancels.run(); !dropped) return dropped;
  return statements_.drop_signals.run();
}

result<void> sqlite_run_store::request_cancel(const cancel_request& wanted, time_point now) {
  auto guard = begin_writing();
  if (!guard) return tl::unexpected(std::move(guard.error()));
  const auto row = find_row(wanted.run_id);
  if (!row) return tl::unexpected(row.error());
  if (row->entry.status != v1::RUN_STATUS_RUNNING &&
      !(wanted.force && row->entry.status == v1::RUN_STATUS_COMPENSATING))
    return tl::unexpected(nothing_to_cancel(wanted.run_id));
  if (auto dropped = drop_settled(); !dropped) return dropped;
  const auto before = cancel_requests();
  if (!before) return tl::unexpected(before.error());
  cancel_request kept = wanted;
  if (const auto first = std::ranges::find(*before, wanted.run_id, &cancel_request::run_id);
      first != before->end()) {
    kept = *first;
    if (!hasten(kept, wanted)) return guard->commit();
  }
  const std::int64_t time_ms = to_us(now) / 1'000;
  const std::string text = stored_text(kept);
  const checksum sum = sum_of(sums_, std::string_view{wanted.run_id}, text, time_ms);
  statements_.add_cancel.bind(1, wanted.run_id)
      .bind(2, text)
      .bind(3, time_ms)
      .bind(4, std::span<const unsigned char>{sum});
  if (auto added = statements_.add_cancel.run(); !added) return added;
  return guard->commit();
}

result<std::vector<cancel_request>> sqlite_run_store::cancel_requests() {
  std::vector<cancel_request> made;
  if (!locks_) return fail(workflow_errc::store_unavailable, file_ + " is open for reading only");
  sqlite::statement& query = statements_.read_cancels;
  const sqlite::reset_guard done{query};
  for (;;) {
    const auto more = query.step();
    if (!more) return tl::unexpected(more.error());
    if (!*more) return made;
    // A damaged wish is none: nobody must lose a run to a flipped bit.
    if (query.blob(3) == view(sum_of(sums_, query.text(0), query.text(1), query.number(2))))
      made.push_back(cancel_from_text(query.text(0), query.text(1)));
  }
}

} // namespace troupe::workflow
