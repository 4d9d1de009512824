#include "actors/workflow/members/member_rules.hpp"
#include "actors/workflow/postgres/schema.hpp"
#include "actors/workflow/postgres/session.hpp"
#include "actors/workflow/stored_rows.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <mutex>
#include <optional>

namespace troupe::workflow::postgres {
namespace {

/// A call is tried so often where its connection is lost or others stood in its way.
constexpr int most_member_tries = 3;

// The time is that of the server, not that of the transaction's begin: who waited for a lock has a later one.
constexpr statement now_and_counters{
    "members_counters", "SELECT version, forgotten, (extract(epoch FROM clock_timestamp()) * "
                        "1000000)::bigint FROM member_counters FOR UPDATE"};
constexpr statement set_counters{"members_set_counters",
                                 "UPDATE member_counters SET version = $1, forgotten = $2"};
constexpr statement count_members{"members_count", "SELECT count(*) FROM members WHERE node <> $1"};
constexpr statement greatest_forgotten{
    "members_forgotten", "SELECT coalesce(max(version), 0) FROM members WHERE state >= 4 AND "
                         "changed_us < $1"};
constexpr statement forget_members{"members_forget",
                                   "DELETE FROM members WHERE state >= 4 AND changed_us < $1"};
constexpr statement put_member{
    "members_put",
    "INSERT INTO members (node, incarnation, state, version, joined_us, changed_us, details) "
    "VALUES ($1, $2, 1, $2, $3, $3, $4) ON CONFLICT (node) DO UPDATE SET incarnation = $2, "
    "state = 1, version = $2, joined_us = $3, changed_us = $3, details = $4"};
constexpr statement put_lease{
    "members_put_lease",
    "INSERT INTO member_leases (node, incarnation, renewals, renewed_us, lease_end_us) VALUES "
    "($1, $2, 0, $3, $4) ON CONFLICT (node) DO UPDATE SET incarnation = $2, renewals = 0, "
    "renewed_us = $3, lease_end_us = $4"};
// Locked in one order, so that two coordinators that prolong the same leases do not wait for each other.
constexpr statement renew_leases{
    "members_renew",
    "WITH wanted AS MATERIALIZED (SELECT node, incarnation FROM unnest($1::bytea[], $2::bigint[]) "
    "AS asked (node, incarnation)), held AS MATERIALIZED (SELECT l.node FROM member_leases l JOIN "
    "wanted USING (node, incarnation) ORDER BY l.node FOR UPDATE OF l) "
    "UPDATE member_leases l SET renewals = l.renewals + 1, "
    "renewed_us = (extract(epoch FROM statement_timestamp()) * 1000000)::bigint, "
    "lease_end_us = (extract(epoch FROM statement_timestamp()) * 1000000)::bigint + $3 "
    "FROM held WHERE l.node = held.node RETURNING l.node, l.incarnation"};
constexpr statement member_state_of{
    "members_state", "SELECT m.state FROM member_leases l JOIN members m USING (node) "
                     "WHERE l.node = $1 AND l.incarnation = $2"};
constexpr statement set_member_state{
    "members_set_state",
    "UPDATE members SET state = $2, version = $3, changed_us = $4 WHERE node = $1"};
constexpr statement drop_lease{"members_drop_lease", "DELETE FROM member_leases WHERE node = $1"};
constexpr statement declare_member{
    "members_declare", "DELETE FROM member_leases WHERE node = $1 AND incarnation = $2 AND "
                       "renewals = $3 AND lease_end_us <= $4"};
constexpr statement list_leases{"members_leases",
                                "SELECT node, incarnation, renewals, renewed_us, lease_end_us FROM "
                                "member_leases ORDER BY node"};
constexpr statement read_counters{"members_read_counters",
                                  "SELECT version, forgotten FROM member_counters"};
constexpr statement list_changes{
    "members_changes", "SELECT node, incarnation, state, version, joined_us, details FROM members "
                       "WHERE version > $1 AND state <= $2 ORDER BY version"};

/// What is held while a member is changed.
struct held_counters {
  std::uint64_t version = 0, forgotten = 0;
  std::int64_t now_us = 0;
};

parameters& add_key(parameters& to, const member_key& key) {
  return to.add_bytes(key.node).add(static_cast<std::int64_t>(key.incarnation));
}

outcome<void> nothing(const outcome<rows>& done) {
  if (!done) return tl::unexpected(done.error());
  return {};
}

/// Reads the counters, and keeps others from changing a member until the transaction's end.
outcome<held_counters> hold_counters(session& on) {
  const auto found = on.run(now_and_counters);
  if (!found) return tl::unexpected(found.error());
  if (found->empty())
    return refuse({workflow_errc::store_damaged,
                   on.at().shown() +
                       ": the counters of the members are missing; restore the schema "
                       "from a backup"});
  return held_counters{static_cast<std::uint64_t>(number_at(*found, 0, 0)),
                       static_cast<std::uint64_t>(number_at(*found, 0, 1)),
                       number_at(*found, 0, 2)};
}

outcome<void> write_counters(session& on, std::uint64_t version, std::uint64_t forgotten) {
  return nothing(on.run(set_counters, parameters{}
                                          .add(static_cast<std::int64_t>(version))
                                          .add(static_cast<std::int64_t>(forgotten))));
}

outcome<void> forget_old_members(session& on, held_counters& held) {
  const std::int64_t last =
      held.now_us -
      std::chrono::duration_cast<std::chrono::microseconds>(gone_members_kept).count();
  const auto found = on.run(greatest_forgotten, parameters{}.add(last));
  if (!found) return tl::unexpected(found.error());
  const auto greatest = static_cast<std::uint64_t>(number_of(*found));
  if (greatest == 0) return {};
  held.forgotten = std::max(held.forgotten, greatest);
  return nothing(on.run(forget_members, parameters{}.add(last)));
}

/// Writes a state under the next version.
outcome<void> change_member(session& on, const held_counters& held, const std::string& node,
                            member_state to) {
  const auto version = next_member_version(held.version, from_us(held.now_us));
  auto done = nothing(on.run(set_member_state, parameters{}
                                                   .add_bytes(node)
                                                   .add(static_cast<std::int64_t>(to))
                                                   .add(static_cast<std::int64_t>(version))
                                                   .add(held.now_us)));
  return done ? write_counters(on, version, held.forgotten) : done;
}

std::int64_t in_us(std::chrono::milliseconds of) {
  return std::chrono::duration_cast<std::chrono::microseconds>(of).count();
}

outcome<joined_member> join_once(session& on, const std::string& node, std::string_view details,
                                 std::int64_t lease_us, std::size_t most) {
  auto guard = transaction::begin(on);
  if (!guard) return tl::unexpected(guard.error());
  auto held = hold_counters(on);
  if (!held) return tl::unexpected(held.error());
  if (auto forgot = forget_old_members(on, *held); !forgot) return tl::unexpected(forgot.error());
  const auto others = on.run(count_members, parameters{}.add_bytes(node));
  if (!others) return tl::unexpected(others.error());
  if (number_of(*others) >= static_cast<std::int64_t>(most)) return refuse(too_many_members(most));
  const auto version = next_member_version(held->version, from_us(held->now_us));
  parameters key;
  add_key(key, {node, version}).add(held->now_us);
  auto done = nothing(on.run(put_member, parameters{key}.add_bytes(details)));
  if (done) done = nothing(on.run(put_lease, parameters{key}.add(held->now_us + lease_us)));
  if (done) done = write_counters(on, version, held->forgotten);
  if (done) done = guard->commit();
  if (!done) return tl::unexpected(done.error());
  return joined_member{version, from_us(held->now_us)};
}

outcome<std::vector<bool>> renew_once(session& on, std::span<const member_key> members,
                                      std::int64_t lease_us) {
  column nodes, incarnations;
  for (const member_key& each : members) {
    nodes.add_bytes(each.node);
    incarnations.add(static_cast<std::int64_t>(each.incarnation));
  }
  const auto done = on.run(renew_leases, parameters{}.add(nodes).add(incarnations).add(lease_us));
  if (!done) return tl::unexpected(done.error());
  std::vector<member_key> renewed;
  for (std::size_t i = 0; i < done->size(); ++i)
    renewed.push_back({bytes_at(*done, i, 0), static_cast<std::uint64_t>(number_at(*done, i, 1))});
  std::sort(renewed.begin(), renewed.end());
  std::vector<bool> told;
  for (const member_key& each : members)
    told.push_back(std::binary_search(renewed.begin(), renewed.end(), each));
  return told;
}

outcome<bool> advance_once(session& on, const member_key& member, member_state to) {
  auto guard = transaction::begin(on);
  if (!guard) return tl::unexpected(guard.error());
  const auto held = hold_counters(on);
  if (!held) return tl::unexpected(held.error());
  parameters key;
  const auto found = on.run(member_state_of, add_key(key, member));
  if (!found) return tl::unexpected(found.error());
  if (found->empty()) return false;
  if (number_of(*found) >= static_cast<std::int64_t>(to)) return true;
  auto done = change_member(on, *held, member.node, to);
  if (done && is_gone(to)) done = nothing(on.run(drop_lease, parameters{}.add_bytes(member.node)));
  if (done) done = guard->commit();
  if (!done) return tl::unexpected(done.error());
  return true;
}

outcome<bool> declare_once(session& on, const member_lease_row& seen) {
  auto guard = transaction::begin(on);
  if (!guard) return tl::unexpected(guard.error());
  const auto held = hold_counters(on);
  if (!held) return tl::unexpected(held.error());
  parameters key;
  add_key(key, seen.key).add(static_cast<std::int64_t>(seen.renewals)).add(held->now_us);
  const auto dropped = on.run(declare_member, key);
  if (!dropped) return tl::unexpected(dropped.error());
  if (dropped->affected_rows() == 0) return false;
  auto done = change_member(on, *held, seen.key.node, member_state::dead);
  if (done) done = guard->commit();
  if (!done) return tl::unexpected(done.error());
  return true;
}

outcome<std::vector<member_lease_row>> read_leases(session& on) {
  const auto found = on.run(list_leases);
  if (!found) return tl::unexpected(found.error());
  std::vector<member_lease_row> made;
  for (std::size_t i = 0; i < found->size(); ++i)
    made.push_back({{bytes_at(*found, i, 0), static_cast<std::uint64_t>(number_at(*found, i, 1))},
                    static_cast<std::uint64_t>(number_at(*found, i, 2)),
                    from_us(number_at(*found, i, 3)),
                    from_us(number_at(*found, i, 4))});
  return made;
}

member_row to_member_row(const rows& from, std::size_t at) {
  return {{bytes_at(from, at, 0), static_cast<std::uint64_t>(number_at(from, at, 1))},
          static_cast<member_state>(number_at(from, at, 2)),
          static_cast<std::uint64_t>(number_at(from, at, 3)),
          from_us(number_at(from, at, 4)),
          bytes_at(from, at, 5)};
}

/// Most questions find that nothing has changed, and are one statement.
outcome<bool> is_unchanged(session& on, std::uint64_t version) {
  const auto counters = on.run(read_counters);
  if (!counters) return tl::unexpected(counters.error());
  return version != 0 && static_cast<std::uint64_t>(number_of(*counters)) == version;
}

outcome<member_changes> read_changes(session& on, std::uint64_t version) {
  const auto unchanged = is_unchanged(on, version);
  if (!unchanged) return tl::unexpected(unchanged.error());
  if (*unchanged) return member_changes{version, false, {}};
  auto guard = transaction::begin(on, transaction::kind::snapshot);
  if (!guard) return tl::unexpected(guard.error());
  const auto counters = on.run(read_counters);
  if (!counters) return tl::unexpected(counters.error());
  const auto now = static_cast<std::uint64_t>(number_of(*counters));
  const member_question asked{
      version, now, counters->empty() ? 0 : static_cast<std::uint64_t>(number_at(*counters, 0, 1))};
  const auto last = asked.complete ? member_state::draining : member_state::dead;
  const auto found = on.run(list_changes, parameters{}
                                              .add(static_cast<std::int64_t>(asked.since))
                                              .add(static_cast<std::int64_t>(last)));
  if (!found) return tl::unexpected(found.error());
  member_changes made{now, asked.complete, {}};
  for (std::size_t i = 0; i < found->size(); ++i)
    made.rows.push_back(to_member_row(*found, i));
  return made;
}

class schema_members final : public member_table {
public:
  schema_members(std::string address, postgres_member_options options)
      : address_(std::move(address)), options_(std::move(options)) {}

  // A join that was made before the connection was lost, and is made again, has taken its own place.
  result<joined_member> join(const std::string& node, std::string_view details,
                             std::chrono::milliseconds lease) override {
    return carry_out<joined_member>(
        [&](session& on) { return join_once(on, node, details, in_us(lease), options_.most); });
  }
  result<std::vector<bool>> renew(std::span<const member_key> members,
                                  std::chrono::milliseconds lease) override {
    if (members.empty()) return std::vector<bool>{};
    return carry_out<std::vector<bool>>(
        [&](session& on) { return renew_once(on, members, in_us(lease)); });
  }
  result<bool> advance(const member_key& member, member_state to) override {
    return carry_out<bool>([&](session& on) { return advance_once(on, member, to); });
  }
  result<bool> declare_dead(const member_lease_row& seen) override {
    return carry_out<bool>([&](session& on) { return declare_once(on, seen); });
  }
  result<std::vector<member_lease_row>> leases() override {
    return carry_out<std::vector<member_lease_row>>(read_leases);
  }
  result<member_changes> changes_since(std::uint64_t version) override {
    return carry_out<member_changes>([&](session& on) { return read_changes(on, version); });
  }

private:
  [[nodiscard]] outcome<void> connect();
  template <class T, class Work>
  result<T> carry_out(const Work& work);

  const std::string address_;
  const postgres_member_options options_;
  std::mutex guard_;
  std::optional<session> session_;
  bool was_open_ = false;
};

outcome<void> schema_members::connect() {
  if (session_ && session_->is_open()) return {};
  session_.reset();
  auto at = endpoint::parse(address_, options_.schema);
  if (!at) return refuse(std::move(at.error()));
  session_options wanted;
  wanted.allow_unsafe_server = options_.allow_unsafe_server;
  // To make the tables may take its time, and no lease is granted yet.
  if (was_open_) {
    wanted.lock_timeout = options_.lock_timeout;
    wanted.statement_timeout = options_.statement_timeout;
  }
  auto on = session::connect(*at, wanted);
  if (!on) return tl::unexpected(on.error());
  if (auto ready = open_schema(*on, {was_open_, false}); !ready)
    return tl::unexpected(ready.error());
  auto hurried =
      on->run(fmt::format("SET lock_timeout = {}; SET statement_timeout = {}",
                          options_.lock_timeout.count(), options_.statement_timeout.count()));
  if (!hurried) return tl::unexpected(hurried.error());
  was_open_ = true;
  session_.emplace(std::move(*on));
  return {};
}

template <class T, class Work>
result<T> schema_members::carry_out(const Work& work) {
  const std::lock_guard held{guard_};
  for (int tries = 1;; ++tries) {
    // A server that is not there keeps nobody: who asks has a lease to look after.
    if (auto there = connect(); !there) return tl::unexpected(there.error().why);
    outcome<T> done = work(*session_);
    if (done) return std::move(*done);
    const failure& why = done.error();
    if (why.helps == failure::remedy::reconnect) session_.reset();
    if (why.helps == failure::remedy::none || tries == most_member_tries)
      return tl::unexpected(why.why);
  }
}

} // namespace
} // namespace troupe::workflow::postgres

namespace troupe::workflow {

std::shared_ptr<member_table> postgres_members(std::string address,
                                               postgres_member_options options) {
  return std::make_shared<postgres::schema_members>(std::move(address), std::move(options));
}

} // namespace troupe::workflow
