#include "actors/workflow/row_check.hpp"

#include "actors/workflow/event_codec.hpp"
#include "actors/workflow/sha256.hpp"
#include "actors/workflow/stored_dead_letters.hpp"
#include "actors/workflow/stored_rows.hpp"

#include <fmt/format.h>

namespace troupe::workflow {

run_entry entry_in(const row& run) {
  run_entry made;
  made.run_id = bytes_in(run, col::run_id);
  made.workflow = bytes_in(run, col::run_workflow);
  made.workflow_version = bytes_in(run, col::run_workflow_version);
  made.status = static_cast<std::int32_t>(number_in(run, col::run_status));
  made.started = from_us(number_in(run, col::run_started));
  made.closed = from_us(number_in(run, col::run_closed));
  made.version = static_cast<std::uint64_t>(number_in(run, col::run_version));
  made.epoch = static_cast<std::uint64_t>(number_in(run, col::run_epoch));
  return made;
}

row row_of(const run_entry& entry, std::int64_t number, checksummer& sums) {
  return {number,
          entry.run_id,
          entry.workflow,
          entry.workflow_version,
          std::int64_t{entry.status},
          to_us(entry.started),
          to_us(entry.closed),
          static_cast<std::int64_t>(entry.version),
          static_cast<std::int64_t>(entry.epoch),
          std::string{view(sum_of(sums, entry, number))}};
}

bool is_good_run(const row& from, checksummer& sums) {
  return bytes_in(from, col::run_checksum) ==
         view(sum_of(sums, entry_in(from), number_in(from, col::run_number)));
}

bool is_good_cancel(const row& from, checksummer& sums) {
  return bytes_in(from, col::cancel_checksum) ==
         view(sum_of(sums, std::string_view{bytes_in(from, col::cancel_run_id)},
                     std::string_view{bytes_in(from, col::cancel_reason)},
                     number_in(from, col::cancel_time)));
}

bool is_good_signal(const row& from, checksummer& sums) {
  const signal_request of{bytes_in(from, col::signal_id), bytes_in(from, col::signal_run_id),
                          bytes_in(from, col::signal_name), bytes_in(from, col::signal_payload)};
  return bytes_in(from, col::signal_checksum) ==
         view(sum_of(sums, of, number_in(from, col::signal_number),
                     number_in(from, col::signal_time)));
}

bool is_good_letter(const row& from) {
  dead_letter of;
  of.id = bytes_in(from, col::letter_id);
  of.time = from_ms(number_in(from, col::letter_time));
  of.target = {bytes_in(from, col::letter_agent_type), bytes_in(from, col::letter_agent_key)};
  of.payload.type_url = bytes_in(from, col::letter_type_url);
  of.payload.bytes = bytes_in(from, col::letter_payload);
  of.idempotency_key = bytes_in(from, col::letter_key);
  of.attempts = static_cast<std::uint32_t>(number_in(from, col::letter_attempts));
  const std::string& why = bytes_in(from, col::letter_failure);
  return read_failure(why, of) && bytes_in(from, col::letter_checksum) == view(sum_of(of, why));
}

bool is_good_blob(const row& from) {
  return sha256(bytes_in(from, col::blob_bytes)) == bytes_in(from, col::blob_hash);
}

std::optional<std::string> whole_event(const row& from, const std::string& of,
                                       std::string_view blob, checksummer& sums) {
  std::string whole = bytes_in(from, col::event_bytes);
  if (!bytes_in(from, col::event_blob).empty()) {
    const auto at = static_cast<std::uint64_t>(number_in(from, col::event_blob_at));
    if (at > whole.size()) return std::nullopt;
    whole.insert(at, blob);
  }
  const auto number = static_cast<std::uint64_t>(number_in(from, col::event_number));
  if (bytes_in(from, col::event_checksum) != view(sum_of(sums, of, number, whole)))
    return std::nullopt;
  return whole;
}

replayed_history replay_stored(std::span<const std::string> events) {
  replayed_history made;
  for (const std::string& bytes : events) {
    v1::Event stored;
    if (!stored.ParseFromString(bytes) || stored.sequence() != made.applied + 1) {
      made.why = fmt::format("event {} is malformed", made.applied + 1);
      return made;
    }
    const auto happened = decode(stored);
    made.unreadable = !happened;
    const auto done = happened ? made.state.apply(*happened) : tl::unexpected(happened.error());
    if (!done) {
      made.why = fmt::format("event {}: {}", made.applied + 1, done.error().message());
      return made;
    }
    ++made.applied;
  }
  return made;
}

run_entry entry_of(const machine& state) {
  run_entry made;
  made.run_id = state.run_id();
  made.workflow = state.workflow()->name;
  made.workflow_version = state.workflow()->version;
  made.status = state.status();
  made.started = state.started();
  if (state.closed()) made.closed = state.closed_time();
  made.version = state.version();
  made.tags = state.tags();
  return made;
}

std::vector<row> tag_rows_of(const run_entry& entry, std::int64_t number) {
  std::vector<row> made;
  for (const auto& [key, value] : entry.tags)
    made.push_back({key, value, to_us(entry.started), number});
  return made;
}

} // namespace troupe::workflow
