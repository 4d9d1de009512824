#pragma once

#include "cluster/membership/change_log.hpp"
#include "cluster/membership/internal/callback_line.hpp"
#include "cluster/membership/membership_service.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

namespace troupe::cluster {

/// What is behind a `membership_service`. Requests queue up under the lock; one task at a time, on the store's executor, takes
/// what is due, asks the table without the lock, and answers.
class service_core : public std::enable_shared_from_this<service_core> {
public:
  using time_point = timer::clock::time_point;
  template <class T>
  using answer = membership_service::answer<T>;
  using grant = membership_service::grant;

  explicit service_core(membership_service_options options);

  [[nodiscard]] result<void> begin();
  void join(const member_record& node, answer<grant> then);
  void renew(const member_key& member, member_state state, answer<std::chrono::milliseconds> then);
  void advance(const member_key& member, member_state to, answer<void> then);
  void set_state(member_state to);
  void stop(bool leave);

  [[nodiscard]] view_ptr view() const;
  [[nodiscard]] v1::MembershipChanges changes_since(std::uint64_t version) const;
  [[nodiscard]] bool holds() const;
  [[nodiscard]] std::uint64_t incarnation() const;
  [[nodiscard]] const member_record& self() const { return options_.self; }
  [[nodiscard]] membership_counters counters() const;

private:
  using job = std::function<void()>;

  struct waiting_join {
    member_record node;
    answer<grant> then;
    time_point arrived;
  };
  struct waiting_renewal {
    member_key member;
    member_state state;
    answer<std::chrono::milliseconds> then;
    time_point arrived;
  };
  struct waiting_advance {
    member_key member;
    member_state to;
    answer<void> then;
    time_point arrived;
  };

  // service_core.cpp
  template <class Waiting, class Queue>
  void enqueue(Waiting what, Queue& into);
  /// Sees to it that the work runs, unless it does. Without the lock.
  void wake();
  void work();
  /// What is due, the most urgent first; empty where nothing is. Under the lock.
  [[nodiscard]] job next_job(time_point now);
  [[nodiscard]] job next_lease_job(time_point now);
  [[nodiscard]] job next_request_job();
  [[nodiscard]] time_point next_moment() const;
  void set_alarm();
  void watch_own_lease();
  void look_after_own_lease();
  void note_fenced();
  [[nodiscard]] std::deque<job> refuse_all();

  // service_work.cpp: on the store's executor, without the lock.
  void renew_all(std::vector<waiting_renewal> members, std::optional<member_lease::request> own);
  void answer_renewal(const waiting_renewal& of, bool renewed);
  void take_own_renewal(const member_lease::request& own, const result<std::vector<bool>>& done);
  [[nodiscard]] result<void> join_self(const member_lease::request& own);
  void join_one(const waiting_join& of);
  void advance_one(const waiting_advance& of);
  void look();
  [[nodiscard]] result<void> take_changes();
  void apply(const workflow::member_changes& changes);
  void declare(const workflow::member_lease_row& overdue);
  void take_suspicions(const std::vector<member_monitor::suspicion>& of);
  [[nodiscard]] result<void> check_neighbours() const;
  /// Notes that a call of the table worked, or why not. @returns whether it worked.
  bool note(std::string_view what, const error* failed);
  template <class T>
  bool note(std::string_view what, const result<T>& done) {
    return note(what, done ? nullptr : &done.error());
  }
  void tell_view(std::vector<member_event> events);
  [[nodiscard]] bool is_too_old(time_point arrived) const;

  const membership_service_options options_;
  const std::shared_ptr<executor> store_;
  callback_line line_;
  /// Of the store's executor alone.
  member_monitor monitor_;
  bool store_is_lost_ = false;

  mutable std::mutex guard_;
  std::condition_variable idle_;
  bool working_ = false, stopping_ = false, fence_watched_ = false, changes_due_ = false;
  member_lease lease_;
  member_state wanted_state_;
  time_point next_look_, next_renewals_;
  std::deque<waiting_join> joins_;
  std::vector<waiting_renewal> renewals_;
  std::deque<waiting_advance> advances_;
  view_ptr view_ = std::make_shared<const membership_view>();
  change_log log_;
  membership_counters counters_;
  timer_handle alarm_, fence_alarm_;
};

} // namespace troupe::cluster
