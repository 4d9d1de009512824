#include "actors/workflow/members/member_rules.hpp"
#include "actors/workflow/sqlite_file.hpp"
#include "actors/workflow/sqlite_rows.hpp"

#include <mutex>
#include <optional>

namespace troupe::workflow {
namespace {

/// Every statement of the table, prepared once.
struct member_statements {
  sqlite::statement counters, set_counters, count, find, put, put_lease, drop_lease, renew,
      advance_state, declare, leases, changes, forgotten, forget;

  [[nodiscard]] result<void> prepare(sqlite::database& on);
};

result<void> member_statements::prepare(sqlite::database& on) {
  const std::pair<sqlite::statement*, const char*> all[] = {
      {&counters, "SELECT version, forgotten FROM member_counters"},
      {&set_counters, "UPDATE member_counters SET version = ?1, forgotten = ?2"},
      {&count, "SELECT count(*) FROM members WHERE node != ?1"},
      {&find, "SELECT m.state FROM member_leases l JOIN members m ON m.node = l.node "
              "WHERE l.node = ?1 AND l.incarnation = ?2"},
      {&put, "INSERT INTO members (node, incarnation, state, version, joined_us, changed_us, "
             "details) VALUES (?1, ?2, 1, ?2, ?3, ?3, ?4) ON CONFLICT (node) DO UPDATE SET "
             "incarnation = ?2, state = 1, version = ?2, joined_us = ?3, changed_us = ?3, "
             "details = ?4"},
      {&put_lease, "INSERT OR REPLACE INTO member_leases (node, incarnation, renewals, "
                   "renewed_us, lease_end_us) VALUES (?1, ?2, 0, ?3, ?4)"},
      {&drop_lease, "DELETE FROM member_leases WHERE node = ?1"},
      {&renew, "UPDATE member_leases SET renewals = renewals + 1, renewed_us = ?3, "
               "lease_end_us = ?4 WHERE node = ?1 AND incarnation = ?2"},
      {&advance_state,
       "UPDATE members SET state = ?2, version = ?3, changed_us = ?4 WHERE node = ?1"},
      {&declare, "DELETE FROM member_leases WHERE node = ?1 AND incarnation = ?2 "
                 "AND renewals = ?3 AND lease_end_us <= ?4"},
      {&leases, "SELECT node, incarnation, renewals, renewed_us, lease_end_us FROM member_leases "
                "ORDER BY node"},
      {&changes, "SELECT node, incarnation, state, version, joined_us, details FROM members "
                 "WHERE version > ?1 AND state <= ?2 ORDER BY version"},
      {&forgotten, "SELECT max(version) FROM members WHERE state >= 4 AND changed_us < ?1"},
      {&forget, "DELETE FROM members WHERE state >= 4 AND changed_us < ?1"}};
  for (const auto& [into, sql] : all) {
    auto made = on.prepare(sql);
    if (!made) return tl::unexpected(std::move(made.error()));
    *into = std::move(*made);
  }
  return {};
}

/// What is read while it lives is of one moment; it locks nobody out.
class member_snapshot {
public:
  explicit member_snapshot(sqlite::database& on) : on_(on), begun_(on.execute("BEGIN")) {}
  ~member_snapshot() { (void)on_.execute("COMMIT"); }
  member_snapshot(const member_snapshot&) = delete;
  member_snapshot& operator=(const member_snapshot&) = delete;
  [[nodiscard]] const result<void>& begun() const { return begun_; }

private:
  sqlite::database& on_;
  result<void> begun_;
};

struct member_counters {
  std::uint64_t version = 0, forgotten = 0;
};

class file_members final : public member_table {
public:
  file_members(std::filesystem::path file, sqlite_member_options options)
      : file_(std::move(file)), options_(std::move(options)) {}

  result<joined_member> join(const std::string& node, std::string_view details,
                             std::chrono::milliseconds lease) override;
  result<std::vector<bool>> renew(std::span<const member_key> members,
                                  std::chrono::milliseconds lease) override;
  result<bool> advance(const member_key& member, member_state to) override;
  result<bool> declare_dead(const member_lease_row& seen) override;
  result<std::vector<member_lease_row>> leases() override;
  result<member_changes> changes_since(std::uint64_t version) override;

private:
  [[nodiscard]] result<void> open();
  /// Whether the next commits wait until they are on the disk.
  [[nodiscard]] result<void> set_durable(bool durable);
  [[nodiscard]] result<sqlite::transaction> begin(bool durable);
  [[nodiscard]] result<member_counters> read_counters();
  [[nodiscard]] result<void> forget_old(member_counters& counters, std::int64_t now_us);
  [[nodiscard]] result<bool> has_room(const std::string& node);
  /// The state of a member that has not gone.
  [[nodiscard]] result<std::optional<member_state>> state_of(const member_key& key);
  /// Writes a state under the next version.
  [[nodiscard]] result<void> change(const member_key& of, member_state to);

  const std::filesystem::path file_;
  const sqlite_member_options options_;
  std::mutex guard_;
  // The statements go before the database that they are of.
  std::optional<sqlite::database> database_;
  member_statements sql_;
  bool durable_ = true;
};

result<void> file_members::open() {
  if (database_) return {};
  auto opened = open_store_file(file_, {false, false, options_.busy_timeout});
  if (!opened) return tl::unexpected(std::move(opened.error()));
  if (auto ready = sql_.prepare(opened->database); !ready) return ready;
  database_.emplace(std::move(opened->database));
  return {};
}

result<void> file_members::set_durable(bool durable) {
  if (durable == durable_) return {};
  auto set =
      database_->execute(durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
  if (set) durable_ = durable;
  return set;
}

result<sqlite::transaction> file_members::begin(bool durable) {
  if (auto ready = open(); !ready) return tl::unexpected(std::move(ready.error()));
  if (auto set = set_durable(durable); !set) return tl::unexpected(std::move(set.error()));
  return sqlite::transaction::begin(*database_);
}

result<member_counters> file_members::read_counters() {
  const sqlite::reset_guard done{sql_.counters};
  const auto found = sql_.counters.step();
  if (!found) return tl::unexpected(found.error());
  return member_counters{static_cast<std::uint64_t>(sql_.counters.number(0)),
                         static_cast<std::uint64_t>(sql_.counters.number(1))};
}

result<void> file_members::forget_old(member_counters& counters, std::int64_t now_us) {
  const std::int64_t last =
      now_us - std::chrono::duration_cast<std::chrono::microseconds>(gone_members_kept).count();
  {
    const sqlite::reset_guard done{sql_.forgotten};
    const auto found = sql_.forgotten.bind(1, last).step();
    if (!found) return tl::unexpected(found.error());
    const auto greatest = static_cast<std::uint64_t>(sql_.forgotten.number(0));
    if (greatest == 0) return {};
    counters.forgotten = std::max(counters.forgotten, greatest);
  }
  return sql_.forget.bind(1, last).run();
}

result<bool> file_members::has_room(const std::string& node) {
  const sqlite::reset_guard done{sql_.count};
  const auto found = sql_.count.bind(1, node).step();
  if (!found) return tl::unexpected(found.error());
  return sql_.count.number(0) < static_cast<std::int64_t>(options_.most);
}

result<joined_member> file_members::join(const std::string& node, std::string_view details,
                                         std::chrono::milliseconds lease) {
  const std::lock_guard held{guard_};
  auto guard = begin(true);
  if (!guard) return tl::unexpected(std::move(guard.error()));
  const auto now = options_.now();
  auto counters = read_counters();
  if (!counters) return tl::unexpected(std::move(counters.error()));
  auto done = forget_old(*counters, to_us(now));
  const auto room = done ? has_room(node) : tl::unexpected(done.error());
  if (!room) return tl::unexpected(room.error());
  if (!*room) return tl::unexpected(too_many_members(options_.most));
  const auto version = next_member_version(counters->version, now);
  const auto number = static_cast<std::int64_t>(version);
  done =
      sql_.put.bind(1, node).bind(2, number).bind(3, to_us(now)).bind(4, bytes_of(details)).run();
  if (done)
    done = sql_.put_lease.bind(1, node)
               .bind(2, number)
               .bind(3, to_us(now))
               .bind(4, to_us(now + lease))
               .run();
  if (done)
    done = sql_.set_counters.bind(1, number)
               .bind(2, static_cast<std::int64_t>(counters->forgotten))
               .run();
  if (done) done = guard->commit();
  if (!done) return tl::unexpected(std::move(done.error()));
  return joined_member{version, from_us(to_us(now))};
}

// A lease that a power cut takes back does no harm: it takes the one coordinator with it, and whoever comes after that one
// watches a lease for its whole length before it declares anybody dead. So these commits do not wait for the disk.
result<std::vector<bool>> file_members::renew(std::span<const member_key> members,
                                              std::chrono::milliseconds lease) {
  const std::lock_guard held{guard_};
  auto guard = begin(false);
  if (!guard) return tl::unexpected(std::move(guard.error()));
  const auto now = options_.now();
  std::vector<bool> renewed;
  for (const member_key& key : members) {
    auto done = sql_.renew.bind(1, key.node)
                    .bind(2, static_cast<std::int64_t>(key.incarnation))
                    .bind(3, to_us(now))
                    .bind(4, to_us(now + lease))
                    .run();
    if (!done) return tl::unexpected(std::move(done.error()));
    renewed.push_back(database_->changes() > 0);
  }
  if (auto done = guard->commit(); !done) return tl::unexpected(std::move(done.error()));
  return renewed;
}

result<std::optional<member_state>> file_members::state_of(const member_key& key) {
  const sqlite::reset_guard done{sql_.find};
  const auto found =
      sql_.find.bind(1, key.node).bind(2, static_cast<std::int64_t>(key.incarnation)).step();
  if (!found) return tl::unexpected(found.error());
  if (!*found) return std::nullopt;
  return static_cast<member_state>(sql_.find.number(0));
}

result<void> file_members::change(const member_key& of, member_state to) {
  const auto counters = read_counters();
  if (!counters) return tl::unexpected(counters.error());
  const auto now = options_.now();
  const auto version = static_cast<std::int64_t>(next_member_version(counters->version, now));
  auto done = sql_.advance_state.bind(1, of.node)
                  .bind(2, static_cast<std::int64_t>(to))
                  .bind(3, version)
                  .bind(4, to_us(now))
                  .run();
  if (!done) return done;
  return sql_.set_counters.bind(1, version)
      .bind(2, static_cast<std::int64_t>(counters->forgotten))
      .run();
}

result<bool> file_members::advance(const member_key& member, member_state to) {
  const std::lock_guard held{guard_};
  auto guard = begin(true);
  if (!guard) return tl::unexpected(std::move(guard.error()));
  const auto state = state_of(member);
  if (!state) return tl::unexpected(state.error());
  if (!*state) return false;
  if (**state >= to) return true;
  auto done = change(member, to);
  if (done && is_gone(to)) done = sql_.drop_lease.bind(1, member.node).run();
  if (done) done = guard->commit();
  if (!done) return tl::unexpected(std::move(done.error()));
  return true;
}

result<bool> file_members::declare_dead(const member_lease_row& seen) {
  const std::lock_guard held{guard_};
  auto guard = begin(true);
  if (!guard) return tl::unexpected(std::move(guard.error()));
  auto done = sql_.declare.bind(1, seen.key.node)
                  .bind(2, static_cast<std::int64_t>(seen.key.incarnation))
                  .bind(3, static_cast<std::int64_t>(seen.renewals))
                  .bind(4, to_us(options_.now()))
                  .run();
  if (!done) return tl::unexpected(std::move(done.error()));
  if (database_->changes() == 0) return false;
  done = change(seen.key, member_state::dead);
  if (done) done = guard->commit();
  if (!done) return tl::unexpected(std::move(done.error()));
  return true;
}

result<std::vector<member_lease_row>> file_members::leases() {
  const std::lock_guard held{guard_};
  if (auto ready = open(); !ready) return tl::unexpected(std::move(ready.error()));
  const sqlite::reset_guard done{sql_.leases};
  std::vector<member_lease_row> found;
  for (;;) {
    const auto more = sql_.leases.step();
    if (!more) return tl::unexpected(more.error());
    if (!*more) return found;
    found.push_back(
        {{std::string{sql_.leases.text(0)}, static_cast<std::uint64_t>(sql_.leases.number(1))},
         static_cast<std::uint64_t>(sql_.leases.number(2)),
         from_us(sql_.leases.number(3)),
         from_us(sql_.leases.number(4))});
  }
}

member_row to_member_row(const sqlite::statement& from) {
  return {{std::string{from.text(0)}, static_cast<std::uint64_t>(from.number(1))},
          static_cast<member_state>(from.number(2)),
          static_cast<std::uint64_t>(from.number(3)),
          from_us(from.number(4)),
          std::string{from.blob(5)}};
}

result<member_changes> file_members::changes_since(std::uint64_t version) {
  const std::lock_guard held{guard_};
  if (auto ready = open(); !ready) return tl::unexpected(std::move(ready.error()));
  const member_snapshot snapshot{*database_};
  if (!snapshot.begun()) return tl::unexpected(snapshot.begun().error());
  const auto counters = read_counters();
  if (!counters) return tl::unexpected(counters.error());
  const member_question asked{version, counters->version, counters->forgotten};
  member_changes made{counters->version, asked.complete, {}};
  const sqlite::reset_guard done{sql_.changes};
  sql_.changes.bind(1, static_cast<std::int64_t>(asked.since))
      .bind(2, static_cast<std::int64_t>(asked.complete ? member_state::draining
                                                        : member_state::dead));
  for (;;) {
    const auto more = sql_.changes.step();
    if (!more) return tl::unexpected(more.error());
    if (!*more) return made;
    made.rows.push_back(to_member_row(sql_.changes));
  }
}

} // namespace

std::shared_ptr<member_table> sqlite_members(std::filesystem::path file,
                                             sqlite_member_options options) {
  return std::make_shared<file_members>(std::move(file), std::move(options));
}

} // namespace troupe::workflow
