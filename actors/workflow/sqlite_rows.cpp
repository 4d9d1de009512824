#include "actors/workflow/sqlite_rows.hpp"

#include <fmt/format.h>
#include <initializer_list>
#include <utility>

namespace troupe::workflow {
namespace {

using pair = std::pair<sqlite::statement*, std::string>;

result<void> prepare_all(sqlite::database& on, std::initializer_list<pair> texts) {
  for (const auto& [into, text] : texts) {
    auto prepared = on.prepare(text);
    if (!prepared) return tl::unexpected(std::move(prepared.error()));
    *into = std::move(*prepared);
  }
  return {};
}

/// What is kept in a table for runs that are closed. The table leads, since there are more runs.
std::string drop_settled(const char* table) {
  return fmt::format(
      "DELETE FROM {0} WHERE run_id IN (SELECT run_id FROM (SELECT DISTINCT run_id FROM "
      "{0}) CROSS JOIN runs USING (run_id) WHERE closed_us != 0)",
      table);
}

} // namespace

std::span<const unsigned char> bytes_of(std::string_view text) {
  return {reinterpret_cast<const unsigned char*>(text.data()), text.size()};
}

std::string run_columns(store_format format) {
  const std::string always = "number, run_id, workflow, workflow_version, status, runs.started_us, "
                             "closed_us, version, owner, checksum, ";
  return always + (format >= 2 ? "epoch, " : "1, ") +
         (format >= 3 ? "last_event" : "(number << 32) + version");
}

std::optional<run_row> read_row(const sqlite::statement& from, checksummer& sums) {
  run_row made;
  made.number = from.number(0);
  made.entry.run_id = from.text(1);
  made.entry.workflow = from.text(2);
  made.entry.workflow_version = from.text(3);
  made.entry.status = static_cast<std::int32_t>(from.number(4));
  made.entry.started = from_us(from.number(5));
  made.entry.closed = from_us(from.number(6));
  made.entry.version = static_cast<std::uint64_t>(from.number(7));
  made.entry.owner = from.text(8);
  made.entry.epoch = static_cast<std::uint64_t>(from.number(10));
  made.last_event = from.number(11);
  if (from.blob(9) != view(sum_of(sums, made.entry, made.number))) return std::nullopt;
  return made;
}

result<void> statements::prepare_reading(sqlite::database& on, store_format format) {
  return prepare_all(
      on, {{&find_run, "SELECT " + run_columns(format) + " FROM runs WHERE run_id = ?1"},
           {&read_event,
            std::string{"SELECT "} +
                (format >= 3 ? "run, number, previous" : "id >> 32, id & 4294967295, id - 1") +
                ", bytes, checksum, " + (format >= 6 ? "blob, blob_at" : "x'', 0") +
                " FROM events WHERE id = ?1"},
           {&read_blob, format >= 6 ? "SELECT bytes FROM blobs WHERE hash = ?1"
                                    : "SELECT x'' WHERE ?1 IS NULL"}});
}

result<void> statements::prepare_writing(sqlite::database& on) {
  return prepare_all(
      on,
      {{&insert_run, "INSERT INTO runs (run_id, workflow, workflow_version, status, started_us, "
                     "closed_us, version, owner, checksum) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, "
                     "?8, x'') ON CONFLICT (run_id) DO NOTHING RETURNING number"},
       // The status is indexed, and SQLite writes the index anew for every column that is set.
       {&advance_run, "UPDATE runs SET version = ?2, checksum = ?3, last_event = ?7 WHERE number = "
                      "?1 AND version = ?4 AND owner = ?5 AND epoch = ?6"},
       {&update_run,
        "UPDATE runs SET version = ?2, checksum = ?3, last_event = ?7, status = ?8, closed_us = ?9 "
        "WHERE number = ?1 AND version = ?4 AND owner = ?5 AND epoch = ?6"},
       {&insert_event, "INSERT INTO events (run, number, previous, bytes, checksum, blob, blob_at) "
                       "VALUES (?1, ?2, "
                       "?3, ?4, ?5, ?6, ?7)"},
       // One that is damaged is good again.
       {&insert_blob,
        "INSERT INTO blobs (hash, bytes) VALUES (?1, ?2) ON CONFLICT (hash) DO UPDATE "
        "SET bytes = excluded.bytes WHERE bytes != excluded.bytes"},
       {&insert_tag, "INSERT INTO run_tags (key, value, started_us, run) VALUES (?1, ?2, ?3, ?4)"},
       {&claim_run, "UPDATE runs SET owner = ?2, epoch = epoch + 1 WHERE number = ?1"},
       {&release_run, "UPDATE runs SET owner = '' WHERE run_id = ?1 AND owner = ?2"},
       {&drop_cancels, drop_settled("cancel_requests")},
       {&add_cancel, "INSERT OR REPLACE INTO cancel_requests (run_id, reason, time_ms, checksum) "
                     "VALUES (?1, ?2, ?3, ?4)"},
       {&read_cancels, "SELECT run_id, reason, time_ms, checksum FROM cancel_requests"},
       {&drop_signals, drop_settled("signal_requests")},
       {&place_signal, "SELECT coalesce(max(number), 0) + 1, (SELECT count(*) FROM signal_requests "
                       "WHERE run_id = ?1), (SELECT count(*) FROM signal_requests WHERE id = ?2) "
                       "FROM signal_requests"},
       {&add_signal, "INSERT INTO signal_requests (number, id, run_id, name, time_ms, checksum, "
                     "payload) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"},
       {&remove_signal, "DELETE FROM signal_requests WHERE id = ?1"},
       {&read_signals, "SELECT number, id, run_id, name, time_ms, checksum, payload FROM "
                       "signal_requests ORDER BY number"},
       {&find_owner, "SELECT slot, expires_us FROM owners WHERE owner = ?1"},
       {&renew_owner, "UPDATE owners SET expires_us = ?2 WHERE owner = ?1"},
       {&add_owner, "INSERT OR REPLACE INTO owners (owner, slot, expires_us) VALUES (?1, ?2, ?3)"},
       {&remove_owner, "DELETE FROM owners WHERE owner = ?1"}});
}

} // namespace troupe::workflow
