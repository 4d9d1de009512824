#include "actors/workflow/stored_tables.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace troupe::workflow {
namespace {

constexpr auto as_number = column_kind::number, as_text = column_kind::text,
               as_bytes = column_kind::bytes;

constexpr std::array blob_columns{column_of{"hash", as_bytes}, column_of{"bytes", as_bytes}};
constexpr std::array run_columns_of{
    column_of{"number", as_number},    column_of{"run_id", as_text},
    column_of{"workflow", as_text},    column_of{"workflow_version", as_text},
    column_of{"status", as_number},    column_of{"started_us", as_number},
    column_of{"closed_us", as_number}, column_of{"version", as_number},
    column_of{"epoch", as_number},     column_of{"checksum", as_bytes}};
constexpr std::array tag_columns{column_of{"key", as_text}, column_of{"value", as_text},
                                 column_of{"started_us", as_number}, column_of{"run", as_number}};
constexpr std::array event_columns{column_of{"run", as_number},  column_of{"number", as_number},
                                   column_of{"bytes", as_bytes}, column_of{"checksum", as_bytes},
                                   column_of{"blob", as_bytes},  column_of{"blob_at", as_number}};
constexpr std::array cancel_columns{column_of{"run_id", as_text}, column_of{"reason", as_text},
                                    column_of{"time_ms", as_number},
                                    column_of{"checksum", as_bytes}};
constexpr std::array signal_columns{
    column_of{"number", as_number},  column_of{"id", as_text},
    column_of{"run_id", as_text},    column_of{"name", as_text},
    column_of{"time_ms", as_number}, column_of{"checksum", as_bytes},
    column_of{"payload", as_bytes}};
constexpr std::array letter_columns{column_of{"id", as_text},
                                    column_of{"time_ms", as_number},
                                    column_of{"agent_type", as_text},
                                    column_of{"agent_key", as_text},
                                    column_of{"payload_type_url", as_text},
                                    column_of{"payload", as_bytes},
                                    column_of{"idempotency_key", as_text},
                                    column_of{"failure", as_bytes},
                                    column_of{"attempts", as_number},
                                    column_of{"state", as_number},
                                    column_of{"checksum", as_bytes}};
constexpr std::array quarantine_columns{
    column_of{"number", as_number},  column_of{"run_id", as_text},   column_of{"reason", as_text},
    column_of{"time_us", as_number}, column_of{"source", as_number}, column_of{"content", as_bytes},
    column_of{"blob", as_bytes}};

const std::array all_stored_tables{
    stored_table{v1::BACKUP_TABLE_BLOBS, "blobs", blob_columns, "hash", 6, 2, 1},
    stored_table{v1::BACKUP_TABLE_RUNS, "runs", run_columns_of, "number", 3, 1, 1'000},
    stored_table{v1::BACKUP_TABLE_RUN_TAGS, "run_tags", tag_columns, "run, key, value", 6, 2,
                 1'000},
    stored_table{v1::BACKUP_TABLE_EVENTS, "events", event_columns, "run, number", 3, 1, 50},
    stored_table{v1::BACKUP_TABLE_CANCEL_REQUESTS, "cancel_requests", cancel_columns, "run_id", 2,
                 1, 1'000},
    stored_table{v1::BACKUP_TABLE_SIGNAL_REQUESTS, "signal_requests", signal_columns, "number", 4,
                 1, 20},
    stored_table{v1::BACKUP_TABLE_DEAD_LETTERS, "dead_letters", letter_columns, "id", 2, 1, 10},
    stored_table{v1::BACKUP_TABLE_QUARANTINE, "quarantine", quarantine_columns, "number", 6, 2,
                 10}};

} // namespace

std::int64_t number_in(const row& from, std::size_t column) {
  return std::get<std::int64_t>(from.at(column));
}

const std::string& bytes_in(const row& from, std::size_t column) {
  return std::get<std::string>(from.at(column));
}

std::span<const stored_table> stored_tables() {
  return all_stored_tables;
}

const stored_table* find_table(v1::BackupTable id) {
  const auto found = std::ranges::find(all_stored_tables, id, &stored_table::id);
  return found == all_stored_tables.end() ? nullptr : &*found;
}

const stored_table& table_of(v1::BackupTable id) {
  const auto* found = find_table(id);
  if (!found) throw std::logic_error{"no such table"};
  return *found;
}

std::string column_list(const stored_table& of) {
  std::string made;
  for (const column_of& each : of.columns)
    made.append(made.empty() ? "" : ", ").append(each.name);
  return made;
}

v1::BackupRow to_wire(const stored_table& of, const row& from) {
  v1::BackupRow made;
  made.set_table(of.id);
  for (const cell& each : from)
    if (const auto* count = std::get_if<std::int64_t>(&each))
      made.add_cells()->set_number(*count);
    else
      made.add_cells()->set_bytes(std::get<std::string>(each));
  return made;
}

bool from_wire(const v1::BackupRow& from, const stored_table& of, row& into) {
  into.clear();
  if (from.cells_size() < static_cast<int>(of.columns.size())) return false;
  for (std::size_t at = 0; at < of.columns.size(); ++at) {
    const v1::BackupCell& given = from.cells(static_cast<int>(at));
    const bool is_number = of.columns[at].kind == column_kind::number;
    if (is_number ? !given.has_number() : !given.has_bytes()) return false;
    if (is_number)
      into.emplace_back(given.number());
    else
      into.emplace_back(given.bytes());
  }
  return true;
}

} // namespace troupe::workflow
