#pragma once

#include "kernels/result.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace troupe::workflow {

/// How far a node has come as a member of the cluster. It only ever goes on, never back. The numbers are kept in stores.
enum class member_state : std::uint8_t {
  /// It has a lease, and takes no work yet.
  joining = 1,
  active = 2,
  /// It takes no new work.
  draining = 3,
  /// It said that it goes.
  left = 4,
  /// Its lease was over.
  dead = 5
};

[[nodiscard]] constexpr bool is_gone(member_state state) {
  return state >= member_state::left;
}

/// A node in one of its lives.
struct member_key {
  std::string node;
  std::uint64_t incarnation = 0;

  friend bool operator==(const member_key&, const member_key&) = default;
  friend bool operator<(const member_key& a, const member_key& b) {
    return std::tie(a.node, a.incarnation) < std::tie(b.node, b.incarnation);
  }
};

/// What is known of a node. What it is lies in `details`, which the store does not look into.
struct member_row {
  member_key key;
  member_state state = member_state::joining;
  /// Of the table when this row was changed last; leases do not count.
  std::uint64_t version = 0;
  std::chrono::system_clock::time_point joined{};
  std::string details{};
};

/// Until when a member that has not gone may act as one. Times are the table's.
struct member_lease_row {
  member_key key;
  /// How often it was prolonged: two looks with the same number saw the same lease.
  std::uint64_t renewals = 0;
  std::chrono::system_clock::time_point renewed{};
  std::chrono::system_clock::time_point lease_end{};
};

struct joined_member {
  std::uint64_t incarnation = 0;
  std::chrono::system_clock::time_point joined{};
};

struct member_changes {
  /// What to ask with the next time.
  std::uint64_t version = 0;
  /// Whether these are all members that there are, not only what has changed: who is not among them is gone.
  bool complete = false;
  /// In the order in which they changed, each node once.
  std::vector<member_row> rows{};
};

/// Who is a member of the cluster: one row for each node, and a lease for each that has not gone. Its owner's clock counts
/// for leases: a server's, or that of the one coordinator. Each call is one transaction. May block; any thread.
/// Errors: those of the store, `workflow_errc::store_*`.
class member_table {
public:
  using clock = std::chrono::system_clock;

  virtual ~member_table() = default;
  /// Takes a node in, in the state `joining`, with a lease from now on. An incarnation of the same name that is there loses its
  /// lease.
  /// @returns the incarnation: greater than any that any node was given before, also before the store was restored from a
  ///   backup, as long as the clock was right then. `store_full` where there are `most_members`.
  [[nodiscard]] virtual result<joined_member>
  join(const std::string& node, std::string_view details, std::chrono::milliseconds lease) = 0;
  /// Prolongs leases, from now on. @returns for each whether it was: not where another incarnation has taken its place,
  /// it has left, or it was declared dead.
  [[nodiscard]] virtual result<std::vector<bool>> renew(std::span<const member_key> members,
                                                        std::chrono::milliseconds lease) = 0;
  /// Brings a member to a later state, `left` at most, which ends its lease.
  /// @returns whether it has come as far: not where it is no member any more.
  [[nodiscard]] virtual result<bool> advance(const member_key& member, member_state to) = 0;
  /// Declares dead whose lease is over, and is the one that was seen.
  /// @returns whether it was this call that did it.
  [[nodiscard]] virtual result<bool> declare_dead(const member_lease_row& seen) = 0;
  /// The leases of all who have not gone, by name.
  [[nodiscard]] virtual result<std::vector<member_lease_row>> leases() = 0;
  /// What has changed since a version. 0, and what is too long ago, gives all members.
  [[nodiscard]] virtual result<member_changes> changes_since(std::uint64_t version) = 0;
};

/// Nodes that a table takes, those that went lately among them.
inline constexpr std::size_t most_members = 20'000;
/// How long it is known of a node that it has gone.
inline constexpr std::chrono::hours gone_members_kept{1};

/// A clock that begins with the time of day and then runs as the monotonic one does, whatever is done to the time of day.
[[nodiscard]] std::function<member_table::clock::time_point()> make_lease_clock();

struct memory_member_options {
  std::function<member_table::clock::time_point()> now = make_lease_clock();
  std::size_t most = most_members;
};
/// For one process: what it knows ends with it.
[[nodiscard]] std::shared_ptr<member_table> make_memory_members(memory_member_options options = {});

struct sqlite_member_options {
  std::function<member_table::clock::time_point()> now = make_lease_clock();
  std::size_t most = most_members;
  /// How long a call waits for another connection's lock: less than a lease.
  std::chrono::milliseconds busy_timeout{1'000};
};
/// In the store file of the runs, for one coordinator. The file is opened, and made, by the first call.
[[nodiscard]] std::shared_ptr<member_table> sqlite_members(std::filesystem::path file,
                                                           sqlite_member_options options = {});

struct postgres_member_options {
  std::size_t most = most_members;
  /// As those of `postgres_store_options`.
  std::string schema = "troupe";
  bool allow_unsafe_server = false;
  /// How long a call waits for another session's lock, and for the server: less than a lease.
  std::chrono::milliseconds lock_timeout{500};
  std::chrono::milliseconds statement_timeout{1'000};
};
/// In the schema of the runs, for any number of coordinators. The clock is the server's. One session, opened by the first
/// call, and again by the next one after it was lost.
[[nodiscard]] std::shared_ptr<member_table> postgres_members(std::string address,
                                                             postgres_member_options options = {});

} // namespace troupe::workflow
