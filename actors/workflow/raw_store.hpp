#pragma once

#include "actors/workflow/stored_tables.hpp"
#include "kernels/result.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::workflow {

/// A value that a statement is given.
struct sql_value {
  column_kind kind = column_kind::number;
  cell held = std::int64_t{0};

  sql_value(std::int64_t number)
      : held(number) {} // NOLINT(google-explicit-constructor): lists of mixed values
  sql_value(column_kind of, cell given) : kind(of), held(std::move(given)) {}
  static sql_value text(std::string given) { return {column_kind::text, std::move(given)}; }
  static sql_value bytes(std::string given) { return {column_kind::bytes, std::move(given)}; }
};
using sql_values = std::vector<sql_value>;

/// The rows of a store as they are, whatever they are worth: for what looks after a store, not for what runs on it. Texts of
/// SQL have `?1` for their values and are otherwise what SQLite and PostgreSQL both take. One thread at a time; calls block.
/// Errors are those of the store.
class raw_store {
public:
  using row_visitor = std::function<result<void>(row&)>;
  virtual ~raw_store() = default;

  /// For people.
  [[nodiscard]] virtual const std::string& name() const = 0;
  /// "sqlite" or "postgresql".
  [[nodiscard]] virtual std::string_view kind() const = 0;
  [[nodiscard]] virtual std::int64_t format() const = 0;
  /// Whether the table is there in this format.
  [[nodiscard]] virtual bool has(const stored_table& table) const = 0;

  /// Begins to read all at one moment, while others go on writing.
  [[nodiscard]] virtual result<void> begin_snapshot() = 0;
  /// Begins to write.
  [[nodiscard]] virtual result<void> begin_writing() = 0;
  /// Begins to write while nobody has the store open for running: nobody can open it so until the end.
  /// @returns `store_busy` where somebody has.
  [[nodiscard]] virtual result<void> begin_alone() = 0;
  [[nodiscard]] virtual result<void> commit() = 0;
  virtual void roll_back() = 0;

  /// Shows every row of a table; none where this format lacks it. Holds few at once.
  /// @param where what behind WHERE restricts them; empty: all.
  [[nodiscard]] virtual result<void> scan(const stored_table& table, std::string_view where,
                                          const sql_values& values, const row_visitor& visit) = 0;
  /// Runs a query that gives few rows of `kinds`.
  [[nodiscard]] virtual result<std::vector<row>>
  query(std::string_view sql, const sql_values& values, std::span<const column_kind> kinds) = 0;
  /// @returns how many rows it changed.
  [[nodiscard]] virtual result<std::int64_t> execute(std::string_view sql,
                                                     const sql_values& values) = 0;
  /// Puts rows in as they are; runs belong to nobody. Events of a run come in their order.
  [[nodiscard]] virtual result<void> insert(const stored_table& table,
                                            std::span<const row> rows) = 0;
  /// After all inserts, before the commit: what the store itself keeps beside the rows.
  [[nodiscard]] virtual result<void> finish_inserts() = 0;
  /// Shows the events of a run by their numbers, without a look at those of others; of a damaged history those that are found.
  [[nodiscard]] virtual result<void> scan_events_of(std::int64_t run, const row_visitor& visit) = 0;
  /// Shows closed runs, the one that was closed first first.
  [[nodiscard]] virtual result<void> scan_closed_runs(std::string_view where,
                                                      const sql_values& values, std::size_t most,
                                                      const row_visitor& visit) = 0;
  /// Takes the events of these runs out, whatever they are worth.
  /// @returns the payloads that they referred to.
  [[nodiscard]] virtual result<std::vector<std::string>>
  erase_events(std::span<const std::int64_t> runs) = 0;
  /// Removes those of these payloads that nothing refers to any more: no event, and no row of the quarantine. Whoever appends
  /// an event with one of them meanwhile waits, and then keeps it anew.
  /// @returns how many were removed.
  [[nodiscard]] virtual result<std::uint64_t>
  collect_blobs(std::span<const std::string> hashes) = 0;
  /// So that the events of one run are found without a look at all. Until the commit.
  [[nodiscard]] virtual result<void> prepare_search_of_events() = 0;
  [[nodiscard]] virtual result<void> end_search_of_events() = 0;

  /// What the database itself finds wrong with its files.
  [[nodiscard]] virtual result<std::vector<std::string>> faults() = 0;
};

/// @param read_only also where nothing may be written; an older format is read as it is.
/// @returns `store_unavailable` for a file of a format below 3, which must be opened for writing once.
[[nodiscard]] result<std::unique_ptr<raw_store>> open_raw_sqlite(const std::filesystem::path& file,
                                                                 bool read_only, bool must_exist);
[[nodiscard]] result<std::unique_ptr<raw_store>> open_raw_postgres(const std::string& address,
                                                                   bool read_only, bool must_exist);

/// @returns the number that a query gives in its first row; 0 where it gives none.
[[nodiscard]] inline result<std::int64_t> count_rows(raw_store& in, std::string_view sql,
                                                     const sql_values& values = {}) {
  constexpr column_kind kinds[] = {column_kind::number};
  const auto found = in.query(sql, values, kinds);
  if (!found) return tl::unexpected(found.error());
  return found->empty() ? 0 : number_in(found->front(), 0);
}

} // namespace troupe::workflow
