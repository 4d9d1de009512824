#include "actors/workflow/stored_rows.hpp"

#include "actors/workflow/errors.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <random>
#include <unistd.h>

namespace troupe::workflow {
namespace {

result<void> check_name(std::string_view what, std::string_view name, std::size_t most) {
  if (!name.empty() && name.size() <= most) return {};
  return fail(
      workflow_errc::bad_signal,
      fmt::format("the {} of a signal has {} bytes; give it 1 to {}", what, name.size(), most));
}

/// What is beyond the clock ends at its borders.
template <class Unit>
store::time_point moment_of(std::int64_t count) {
  constexpr auto first = std::chrono::ceil<Unit>(store::time_point::duration::min()),
                 last = std::chrono::floor<Unit>(store::time_point::duration::max());
  return store::time_point{std::clamp(Unit{count}, Unit{first}, Unit{last})};
}

} // namespace

// --- rows ----------------------------------------------------------------------------------------

std::int64_t to_us(store::time_point moment) {
  return std::chrono::duration_cast<std::chrono::microseconds>(moment.time_since_epoch()).count();
}

store::time_point from_us(std::int64_t us) {
  return moment_of<std::chrono::microseconds>(us);
}

store::time_point from_ms(std::int64_t ms) {
  return moment_of<std::chrono::milliseconds>(ms);
}

checksum sum_of(checksummer& sums, const run_entry& entry, std::int64_t number) {
  return sums.add(number)
      .add(entry.run_id)
      .add(entry.workflow)
      .add(entry.workflow_version)
      .add(std::int64_t{entry.status})
      .add(to_us(entry.started))
      .add(to_us(entry.closed))
      .add(static_cast<std::int64_t>(entry.version))
      .finish();
}

checksum sum_of(checksummer& sums, const std::string& run_id, std::uint64_t sequence,
                std::string_view bytes) {
  return sums.add(run_id).add(static_cast<std::int64_t>(sequence)).add(bytes).finish();
}

checksum sum_of(checksummer& sums, std::string_view run_id, std::string_view reason,
                std::int64_t time_ms) {
  return sums.add(run_id).add(reason).add(time_ms).finish();
}

checksum sum_of(checksummer& sums, const signal_request& of, std::int64_t number,
                std::int64_t time_ms) {
  return sums.add(number)
      .add(of.id)
      .add(of.run_id)
      .add(of.name)
      .add(time_ms)
      .add(of.payload)
      .finish();
}

std::string make_owner_name() {
  std::random_device entropy;
  return fmt::format("{}-{:08x}{:08x}", getpid(), entropy(), entropy());
}

// --- bounds --------------------------------------------------------------------------------------

result<void> check_bounds(const signal_request& of) {
  if (auto good = check_name("id", of.id, signal_bounds::id_bytes); !good) return good;
  if (auto good = check_name("name", of.name, signal_bounds::name_bytes); !good) return good;
  if (of.payload.size() <= signal_bounds::payload_bytes) return {};
  return fail(workflow_errc::bad_signal,
              fmt::format("the payload of signal '{}' has {} bytes, at most {} are kept; send a "
                          "reference to it instead",
                          of.name, of.payload.size(), signal_bounds::payload_bytes));
}

result<void> check_batch(const append_batch& batch) {
  if (batch.expected_version == 0 && batch.epoch != 1)
    return fail(workflow_errc::ownership_lost, fmt::format("run {} is new: its epoch is 1, not {}",
                                                           batch.entry.run_id, batch.epoch));
  if (batch.expected_version + batch.events.size() >= most_events_of_a_run)
    return fail(workflow_errc::store_full,
                fmt::format("run {} has too many events", batch.entry.run_id));
  return {};
}

result<void> check_fits(const append_batch& batch, const run_entry& there,
                        const std::string& owner) {
  if (there.owner != owner || there.epoch != batch.epoch)
    return fail(workflow_errc::ownership_lost,
                fmt::format("run {} was taken over by owner {} (epoch {}, this is {})",
                            there.run_id, there.owner, there.epoch, batch.epoch));
  if (there.version != batch.expected_version)
    return fail(workflow_errc::version_conflict,
                fmt::format("run {} has {} events, {} were expected", there.run_id, there.version,
                            batch.expected_version));
  return {};
}

// --- refusals ------------------------------------------------------------------------------------

error run_is_there(const std::string& run_id, const std::string& where) {
  return {workflow_errc::run_exists,
          fmt::format("there is a run '{}' in {}; choose another id, or resume it", run_id, where)};
}

error no_such_run(const std::string& run_id, const std::string& where) {
  return {workflow_errc::run_unknown,
          fmt::format("no run '{}' in {}", run_id.substr(0, most_shown_of_id), where)};
}

error run_is_at_work(const run_entry& of) {
  return {workflow_errc::run_owned,
          fmt::format("run {} is at work in another process (owner {})", of.run_id, of.owner)};
}

error nothing_to_cancel(const std::string& run_id) {
  return {workflow_errc::run_closed,
          fmt::format("run '{}' has ended, there is nothing to cancel", run_id)};
}

error nobody_to_signal(const std::string& run_id) {
  return {workflow_errc::run_closed,
          fmt::format("run '{}' has ended, there is nobody to signal", run_id)};
}

error has_too_many_signals(const std::string& run_id, std::int64_t kept) {
  return {workflow_errc::too_many_signals,
          fmt::format("run '{}' has {} signals that it has not taken up; wait until it is gone on "
                      "with",
                      run_id, kept)};
}

} // namespace troupe::workflow
