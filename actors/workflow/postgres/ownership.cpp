#include "actors/workflow/postgres/run_store.hpp"

#include <fmt/format.h>
#include <random>

namespace troupe::workflow::postgres {
namespace {

/// Rows of owners that nobody has heard of for so long are dropped.
constexpr std::chrono::hours kept_after_lease{24};

constexpr statement lock_session_sql{"lock_session", "SELECT pg_try_advisory_lock($1)::int"};
constexpr statement add_owner{
    "add_owner", "INSERT INTO owners (owner, session, expires_us, commits) VALUES ($1, $2, $3, 0)"};
constexpr statement move_owner{"move_owner", "UPDATE owners SET session = $2 WHERE owner = $1"};
constexpr statement renew_owner{"renew_owner",
                                "UPDATE owners SET expires_us = $2 WHERE owner = $1"};
constexpr statement remove_owner{"remove_owner", "DELETE FROM owners WHERE owner = $1"};
// The order counts: no lock is tried of an owner whose lease has not ended.
constexpr statement drop_owners{"drop_owners",
                                "DELETE FROM owners WHERE CASE WHEN expires_us < $1 THEN "
                                "pg_try_advisory_xact_lock_shared(session) ELSE false END"};
constexpr statement find_owner{"find_owner",
                               "SELECT CASE WHEN expires_us > $2 THEN NOT "
                               "pg_try_advisory_xact_lock_shared(session) ELSE false END::int "
                               "FROM owners WHERE owner = $1"};
constexpr statement claim_run{"claim_run",
                              "UPDATE runs SET owner = $2, epoch = epoch + 1 WHERE number = $1"};
constexpr statement release_run{"release_run",
                                "UPDATE runs SET owner = '' WHERE run_id = $1 AND owner = $2"};

std::int64_t any_key() {
  std::random_device entropy;
  return static_cast<std::int64_t>((std::uint64_t{entropy()} << 32) | entropy());
}

template <class T>
outcome<void> without_rows(outcome<T> done) {
  if (!done) return tl::unexpected(std::move(done.error()));
  return {};
}

} // namespace

/// Takes an advisory lock that this session alone has, and tells nobody of yet.
outcome<std::int64_t> run_store::lock_session() {
  const std::int64_t key = any_key();
  const auto locked = session_->run(lock_session_sql, parameters{}.add(key));
  if (!locked) return tl::unexpected(locked.error());
  if (number_of(*locked) == 0)
    return tl::unexpected<failure>{
        failure{{workflow_errc::store_busy, shown() + ": no lock for its owner; try again"},
                failure::remedy::again}};
  return key;
}

outcome<void> run_store::register_owner(time_point now) {
  if (auto dropped = drop_old_owners(now); !dropped) return dropped;
  const auto key = lock_session();
  if (!key) return tl::unexpected(key.error());
  const auto added = session_->run(
      add_owner, parameters{}.add_name(owner_).add(*key).add(to_us(now + options_.lease_time)));
  // It may have been added before the connection was lost.
  if (!added && added.error().sqlstate == "23505") return entered_ = true, enter_again();
  if (!added) return tl::unexpected(added.error());
  entered_ = true;
  return {};
}

/// After a lost connection: the old session may still be there for a while, so this one has another lock.
outcome<void> run_store::enter_again() {
  const auto key = lock_session();
  if (!key) return tl::unexpected(key.error());
  return without_rows(session_->run(move_owner, parameters{}.add_name(owner_).add(*key)));
}

outcome<void> run_store::drop_old_owners(time_point now) {
  return without_rows(session_->run(drop_owners, parameters{}.add(to_us(now - kept_after_lease))));
}

failure run_store::owner_unknown() const {
  return {{workflow_errc::ownership_lost,
           fmt::format("{}: owner {} is no longer known", shown(), owner_)}};
}

/// Only within a transaction: it keeps the lock of an owner that is gone until its end.
outcome<bool> run_store::is_alive(const std::string& owner, time_point now) {
  const auto alive = session_->run(find_owner, parameters{}.add_name(owner).add(to_us(now)));
  if (!alive) return tl::unexpected(alive.error());
  return number_of(*alive) != 0;
}

/// Within a transaction.
outcome<std::uint64_t> run_store::claim_one(const std::string& run_id, time_point now) {
  const auto row = find_row(run_id, lock_run);
  if (!row) return tl::unexpected(row.error());
  if (row->entry.owner == owner_) return row->entry.epoch;
  const auto alive = is_alive(row->entry.owner, now);
  if (!alive) return tl::unexpected(alive.error());
  if (*alive) return refuse(run_is_at_work(row->entry));
  const auto claimed = session_->run(claim_run, parameters{}.add(row->number).add_name(owner_));
  if (!claimed) return tl::unexpected(claimed.error());
  return row->entry.epoch + 1;
}

/// Done again after a lost connection it finds its own claims.
outcome<claims> run_store::claim_once(std::span<const std::string> run_ids, time_point now) {
  auto guard = transaction::begin(*session_);
  if (!guard) return tl::unexpected(guard.error());
  claims made;
  for (const std::string& each : run_ids) {
    auto claimed = claim_one(each, now);
    if (claimed)
      made.emplace_back(*claimed);
    else if (claimed.error().sqlstate.empty() && claimed.error().helps == failure::remedy::none)
      made.emplace_back(tl::unexpected(std::move(claimed.error().why))); // of this run alone
    else
      return tl::unexpected(claimed.error());
  }
  if (auto done = guard->commit(); !done) return tl::unexpected(done.error());
  return made;
}

result<std::uint64_t> run_store::claim(const std::string& run_id, time_point now) {
  auto made = claim_all({&run_id, 1}, now);
  if (!made) return tl::unexpected(std::move(made.error()));
  return std::move(made->front());
}

result<claims> run_store::claim_all(std::span<const std::string> run_ids, time_point now) {
  if (auto fits = check_writable(); !fits) return tl::unexpected(fits.error());
  return carry_out<claims>([&] { return claim_once(run_ids, now); });
}

result<void> run_store::release(const std::string& run_id) {
  if (auto fits = check_writable(); !fits) return fits;
  return carry_out<void>([&] {
    return without_rows(
        session_->run(release_run, parameters{}.add_bytes(run_id).add_name(owner_)));
  });
}

result<void> run_store::renew(time_point now) {
  if (auto fits = check_writable(); !fits) return fits;
  return carry_out<void>([&]() -> outcome<void> {
    const auto renewed = session_->run(
        renew_owner, parameters{}.add_name(owner_).add(to_us(now + options_.lease_time)));
    if (!renewed) return tl::unexpected(renewed.error());
    if (renewed->affected_rows() == 1) return {};
    return tl::unexpected(owner_unknown());
  });
}

void run_store::release_all() noexcept {
  if (!std::exchange(entered_, false)) return;
  // Where this fails, the end of the session says the same.
  try {
    if (session_) (void)session_->run(remove_owner, parameters{}.add_name(owner_));
  } catch (...) { // no memory: the session ends all the same
  }
}

} // namespace troupe::workflow::postgres
