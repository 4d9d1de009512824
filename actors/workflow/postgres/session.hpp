#pragma once

#include "actors/workflow/postgres/endpoint.hpp"
#include "actors/workflow/postgres/failure.hpp"
#include "actors/workflow/postgres/parameters.hpp"

#include <chrono>
#include <memory>
#include <pqxx/connection>
#include <pqxx/errorhandler>
#include <pqxx/nontransaction>
#include <pqxx/result>
#include <set>
#include <string>

namespace troupe::workflow::postgres {

struct session_options {
  bool read_only = false;
  bool allow_unsafe_server = false;
  std::chrono::milliseconds lock_timeout{5'000};
  std::chrono::milliseconds statement_timeout{60'000};
};

/// SQL that a session prepares when it is first used.
struct statement {
  const char* name;
  const char* sql;
};

using rows = pqxx::result;

/// A connection to a server, set up and looked at: nothing of how the server or the user is configured changes what
/// statements mean, or how durable they are. It never connects again by itself: another session has other locks.
class session {
public:
  /// @returns `store_unavailable` where there is no server, or one that is too old, unsafe, or a standby to be written.
  [[nodiscard]] static outcome<session> connect(const endpoint& at, const session_options& options);
  session(session&&) = default;
  session& operator=(session&&) = delete; // would close the connection under the sender
  ~session() = default;

  /// Runs a statement, in a transaction of its own where none is open.
  [[nodiscard]] outcome<rows> run(const statement& wanted, const parameters& with = {});
  /// Runs a script, or a statement that is not repeated.
  [[nodiscard]] outcome<rows> run(const std::string& sql, const parameters& with = {});
  /// Whether it can be used any more.
  [[nodiscard]] bool is_open() const;
  [[nodiscard]] const endpoint& at() const { return at_; }

private:
  session(const endpoint& at, std::unique_ptr<pqxx::connection> connection);
  outcome<void> set_up(const session_options& options);
  outcome<void> check_server(const session_options& options);
  /// Calls `work`, and tells what its exception means.
  template <class Work>
  outcome<rows> guarded(const Work& work);

  endpoint at_;
  std::unique_ptr<pqxx::connection> connection_;
  /// Else notices of the server's go to standard error.
  std::unique_ptr<pqxx::quiet_errorhandler> quiet_;
  /// Sends what it is given and nothing else: transactions are begun and ended in words.
  std::unique_ptr<pqxx::nontransaction> sender_;
  std::set<const char*> prepared_;
};

/// A transaction that is rolled back unless it was committed.
class transaction {
public:
  enum class kind { writing, snapshot };
  [[nodiscard]] static outcome<transaction> begin(session& on, kind of = kind::writing);
  transaction(transaction&& other) noexcept : on_(std::exchange(other.on_, nullptr)) {}
  transaction& operator=(transaction&&) = delete;
  ~transaction();

  /// Where this fails with `reconnect`, it may have been done.
  [[nodiscard]] outcome<void> commit();

private:
  explicit transaction(session& on) : on_(&on) {}
  session* on_;
};

/// The number in the first column of the first row, 0 where there is none.
[[nodiscard]] std::int64_t number_of(const rows& from);
[[nodiscard]] std::int64_t number_at(const rows& from, std::size_t row, int column);
[[nodiscard]] std::string text_at(const rows& from, std::size_t row, int column);
/// Of a bytea.
[[nodiscard]] std::string bytes_at(const rows& from, std::size_t row, int column);

} // namespace troupe::workflow::postgres
