#pragma once

#include "actors/workflow/checksum.hpp"
#include "actors/workflow/store.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::workflow {

/// What every store says alike of its rows: checksums, bounds, and why something is refused.

/// A run has fewer events than this.
inline constexpr std::uint64_t most_events_of_a_run = std::uint64_t{1} << 32;

/// Ids in messages are cut here: a damaged one, or a hostile one, may be of any length.
inline constexpr std::size_t most_shown_of_id = 140;

[[nodiscard]] std::int64_t to_us(store::time_point moment);
/// What is beyond the clock ends at its borders: rows may be hostile.
[[nodiscard]] store::time_point from_us(std::int64_t us);
[[nodiscard]] store::time_point from_ms(std::int64_t ms);

/// Over everything of an entry that only its own appends change.
[[nodiscard]] checksum sum_of(checksummer& sums, const run_entry& entry, std::int64_t number);
/// Over an event.
[[nodiscard]] checksum sum_of(checksummer& sums, const std::string& run_id, std::uint64_t sequence,
                              std::string_view bytes);
/// Over a wish to cancel.
[[nodiscard]] checksum sum_of(checksummer& sums, std::string_view run_id, std::string_view reason,
                              std::int64_t time_ms);
[[nodiscard]] checksum sum_of(checksummer& sums, const signal_request& of, std::int64_t number,
                              std::int64_t time_ms);

/// Unique among all owners there ever were: a process id alone comes back.
[[nodiscard]] std::string make_owner_name();

/// @returns `bad_signal` beyond `signal_bounds`.
[[nodiscard]] result<void> check_bounds(const signal_request& of);

/// @returns `ownership_lost` for a new run with another epoch than 1; `store_full` beyond `most_events_of_a_run`.
[[nodiscard]] result<void> check_batch(const append_batch& batch);
/// Whether a batch fits an existing run, for this owner.
/// @returns `ownership_lost`, `version_conflict`.
[[nodiscard]] result<void> check_fits(const append_batch& batch, const run_entry& there,
                                      const std::string& owner);

/// @param where the store's name, for people.
[[nodiscard]] error run_is_there(const std::string& run_id, const std::string& where);
[[nodiscard]] error no_such_run(const std::string& run_id, const std::string& where);
[[nodiscard]] error run_is_at_work(const run_entry& of);
[[nodiscard]] error nothing_to_cancel(const std::string& run_id);
[[nodiscard]] error nobody_to_signal(const std::string& run_id);
[[nodiscard]] error has_too_many_signals(const std::string& run_id, std::int64_t kept);

} // namespace troupe::workflow
