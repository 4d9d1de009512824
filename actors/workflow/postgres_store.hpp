#pragma once

#include "actors/workflow/store.hpp"

#include <chrono>
#include <memory>
#include <string>

namespace troupe::workflow {

struct postgres_store_options {
  /// Where all tables are; made where it is not there. A small letter or '_', then small letters, digits and '_', at most
  /// 63. `?schema=NAME` in the address says the same and counts before this.
  std::string schema = "troupe";
  std::chrono::milliseconds lease_time{10'000};
  /// How long a statement waits for another session's lock before it gives up with `store_busy`.
  std::chrono::milliseconds lock_timeout{5'000};
  /// How long a statement may take on the server.
  std::chrono::milliseconds statement_timeout{60'000};
  /// How long a call goes on to look for a server that was lost before it gives up with `store_unavailable`.
  std::chrono::milliseconds reconnect_time{30'000};
  /// Refuses to make tables.
  bool must_exist = false;
  /// For reading alone, also on a standby; such a store has no owner, and refuses what writes with `store_unavailable`.
  bool read_only = false;
  /// Takes a server that runs with `fsync=off` or `full_page_writes=off` too, which may lose everything in a power cut.
  /// For throw-away data. `?unsafe_server=allow` in the address says the same.
  bool allow_unsafe_server = false;
  /// Start of the lease.
  std::chrono::system_clock::time_point now = std::chrono::system_clock::now();
};

/// Opens or makes a store in a schema of a PostgreSQL database, 13 or newer. What `append` accepted is on the server's
/// disk (`synchronous_commit`; with synchronous standbys, on theirs too).
///
/// An owner is alive as long as its session is: where its process ends, its runs can be claimed at once; where its machine
/// or its network does, when its lease ends. After a lost connection the store connects again, and finds out what became
/// of a commit that was under way: nothing is assumed, lost or done twice.
/// @param address `postgresql://USER@HOST:PORT/DATABASE?...` as libpq takes it; its environment variables (PGPASSWORD,
///   PGSSLMODE, ...) and files (~/.pgpass) count too. Its password is in no message. Not through a pooler that
///   changes the session between transactions.
/// @returns `store_unavailable` (no server, no right, a standby, older than 13, unsafe settings, a bad address),
///   `store_foreign`, `store_newer`, `store_damaged`, `store_busy`, `store_full`, `store_io`.
[[nodiscard]] result<std::unique_ptr<store>>
open_postgres_store(const std::string& address, const postgres_store_options& options = {});

/// Whether a text is meant to be the address of a PostgreSQL server: it begins with `postgresql://` or `postgres://`.
[[nodiscard]] bool is_postgres_address(const std::string& text);

/// The address for people and logs: without password, and without what is behind the '?' but the schema.
[[nodiscard]] std::string shown_postgres_address(const std::string& address);

} // namespace troupe::workflow
