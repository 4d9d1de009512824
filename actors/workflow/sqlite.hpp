#pragma once

#include "kernels/result.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace troupe::workflow::sqlite {

/// A prepared statement: bind all parameters, step, read, reset. Lives at most as long as its database.
class statement {
public:
  statement() = default;
  explicit statement(sqlite3_stmt* prepared) : held_(prepared) {}

  /// Parameters count from 1; texts and blobs must live until `reset`.
  statement& bind(int position, std::int64_t number);
  statement& bind(int position, std::string_view text);
  statement& bind(int position, std::span<const unsigned char> blob);
  /// Binds all columns of the row that another statement is at, from the first parameter on; they are copied.
  statement& bind_row(const statement& at);

  /// Runs on to the next row. @returns whether there is one.
  [[nodiscard]] result<bool> step();
  /// Runs a statement that gives no rows, and resets it.
  [[nodiscard]] result<void> run();
  void reset();

  /// Columns count from 0; views live until the next step or reset.
  [[nodiscard]] std::int64_t number(int column) const;
  [[nodiscard]] std::string_view text(int column) const;
  [[nodiscard]] std::string_view blob(int column) const;

private:
  struct finalizer {
    void operator()(sqlite3_stmt* prepared) const;
  };
  std::unique_ptr<sqlite3_stmt, finalizer> held_;
};

/// Resets a statement when a function is done with it, however it ends: an open read would keep the
/// log from shrinking.
class reset_guard {
public:
  explicit reset_guard(statement& used) : used_(used) {}
  ~reset_guard() { used_.reset(); }
  reset_guard(const reset_guard&) = delete;
  reset_guard& operator=(const reset_guard&) = delete;

private:
  statement& used_;
};

/// How a file is opened.
enum class open_mode {
  /// Made where it is not there.
  create,
  existing,
  read_only,
  /// As above, without any lock or file beside it: only where nobody writes it meanwhile. Needed on
  /// read-only folders, where a log cannot be made.
  read_only_still
};

/// One connection. Errors become `workflow_errc::store_*` with SQLite's words and a remedy.
class database {
public:
  [[nodiscard]] static result<database> open(const std::string& file, open_mode mode,
                                             std::chrono::milliseconds busy_timeout);

  [[nodiscard]] result<void> execute(const char* sql);
  [[nodiscard]] result<statement> prepare(std::string_view sql);
  /// The number that a pragma or a query gives in its first row.
  [[nodiscard]] result<std::int64_t> query_number(std::string_view sql);
  /// As above, a text.
  [[nodiscard]] result<std::string> query_text(std::string_view sql);
  /// Rows that the last statement changed.
  [[nodiscard]] int changes() const;
  /// Id of the row that was inserted last.
  [[nodiscard]] std::int64_t last_id() const;
  /// Whether the system refuses to write the file.
  [[nodiscard]] bool is_read_only() const;
  /// Writes all that this connection sees into a new file, durably; not while it holds the write
  /// lock itself. On an error the file may be there in part.
  [[nodiscard]] result<void> copy_to(const std::string& file);

private:
  struct closer {
    void operator()(sqlite3* handle) const;
  };
  std::unique_ptr<sqlite3, closer> handle_;
};

/// A transaction that is rolled back unless it was committed.
class transaction {
public:
  /// Takes the write lock at once, so that nothing fails half way for want of it.
  [[nodiscard]] static result<transaction> begin(database& on);
  transaction(transaction&& other) noexcept : on_(std::exchange(other.on_, nullptr)) {}
  transaction& operator=(transaction&&) = delete;
  ~transaction();

  [[nodiscard]] result<void> commit();

private:
  explicit transaction(database& on) : on_(&on) {}
  database* on_;
};

} // namespace troupe::workflow::sqlite
