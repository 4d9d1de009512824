#include "actors/workflow/engine_core.hpp"
#include "actors/workflow/errors.hpp"
#include "actors/workflow/event_codec.hpp"
#include "kernels/text/utf8.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace troupe::workflow {
namespace {

constexpr std::size_t longest_reason = 1'000;

result<void> check_reason(const std::string& reason) {
  if (reason.size() > longest_reason)
    return fail(workflow_errc::bad_input,
                fmt::format("the reason has {} bytes, it may have {}; shorten it", reason.size(),
                            longest_reason));
  if (!text::is_valid_utf8(reason))
    return fail(workflow_errc::bad_input, "the reason is not UTF-8; write it in UTF-8");
  return {};
}

} // namespace

void engine_core::cancel(const std::string& run_id, const std::string& reason, on_cancel then) {
  if (failed_) return then(tl::unexpected(*failed_));
  if (auto good = check_reason(reason); !good) return then(tl::unexpected(std::move(good.error())));
  const auto found = runs_.find(run_id);
  if (found == runs_.end()) return then(cancel_elsewhere({run_id, reason}));
  live_run& run = found->second;
  if (run.state.closed())
    return then(fail(run.state.status() == v1::RUN_STATUS_CANCELLED ? workflow_errc::run_cancelled
                                                                    : workflow_errc::run_closed,
                     fmt::format("run '{}' has ended, there is nothing to cancel", run_id)));
  run.pending.told_on_commit.push_back([then = std::move(then)](result<void> done) {
    if (done)
      then(cancellation::done);
    else
      then(tl::unexpected(std::move(done.error())));
  });
  record(run_id, run, run_cancelled{reason});
}

/// Of a run that is not at work here: first the wish, which outlasts whoever is killed now; then, where nobody has the run,
/// its end.
result<cancellation> engine_core::cancel_elsewhere(const cancel_request& wanted) {
  if (auto asked = around_.history.request_cancel(wanted, around_.now()); !asked)
    return tl::unexpected(why_closed(wanted.run_id, std::move(asked.error())));
  const auto epoch = around_.history.claim(wanted.run_id, around_.now());
  if (!epoch && epoch.error().code == workflow_errc::run_owned) return cancellation::requested;
  if (!epoch) return tl::unexpected(why_closed(wanted.run_id, epoch.error()));
  // Of several wishes the first counts.
  const auto wishes = around_.history.cancel_requests();
  if (!wishes) return tl::unexpected(wishes.error());
  const cancel_request* first = wish_of(wanted.run_id, *wishes);
  if (auto closed = close_cancelled(first ? *first : wanted, *epoch); !closed)
    return tl::unexpected(why_closed(wanted.run_id, std::move(closed.error())));
  return cancellation::done;
}

/// Its owner may have closed the run at any moment, also because this was wanted before: that is another answer than that
/// it ended by itself.
error engine_core::why_closed(const std::string& run_id, error found) const {
  const auto entry = around_.history.find(run_id);
  if (found.code != workflow_errc::run_closed || !entry ||
      entry->status != v1::RUN_STATUS_CANCELLED)
    return found;
  return {workflow_errc::run_cancelled, fmt::format("'{}', there is nothing left to do", run_id)};
}

/// Closes a run that this owner has claimed, without reading its history: that may need agents and message types which are
/// not known here.
result<void> engine_core::close_cancelled(const cancel_request& wanted, std::uint64_t epoch) {
  append_batch batch;
  const auto entry = around_.history.find(wanted.run_id);
  if (!entry) return tl::unexpected(entry.error());
  if (entry->status != v1::RUN_STATUS_RUNNING)
    return fail(workflow_errc::run_closed,
                fmt::format("run '{}' ended before it could be cancelled", wanted.run_id));
  const event happened{entry->version + 1, around_.now(), run_cancelled{wanted.reason}};
  batch.entry = *entry;
  batch.entry.status = v1::RUN_STATUS_CANCELLED;
  batch.entry.closed = happened.time;
  batch.expected_version = entry->version;
  batch.epoch = epoch;
  const v1::Event encoded = encode(happened);
  batch.events.push_back(encoded.SerializeAsString());
  if (auto appended = around_.history.append({&batch, 1}); !appended)
    return (void)around_.history.release(wanted.run_id), appended;
  publish(wanted.run_id, encoded);
  return {};
}

const cancel_request* engine_core::wish_of(const std::string& run_id,
                                           std::span<const cancel_request> among) {
  const auto found = std::ranges::find(among, run_id, &cancel_request::run_id);
  return found == among.end() ? nullptr : &*found;
}

/// Looks what somebody outside wants of this engine's runs.
void engine_core::poll_requests() {
  const time_point now = around_.now();
  if (failed_ || runs_.empty() || now < poll_at_) return;
  poll_at_ = now + request_poll_interval;
  poll_cancels();
  poll_signals();
}

void engine_core::poll_cancels() {
  // Where it cannot be read now, the next look finds it, or a commit says why nothing goes on.
  const auto wanted = around_.history.cancel_requests();
  if (!wanted) return;
  for (const cancel_request& each : *wanted)
    if (const auto run = runs_.find(each.run_id); run != runs_.end() && !run->second.state.closed())
      record(each.run_id, run->second, run_cancelled{each.reason});
}

} // namespace troupe::workflow
