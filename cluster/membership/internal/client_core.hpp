#pragma once

#include "cluster/membership/internal/callback_line.hpp"
#include "cluster/membership/membership_client.hpp"
#include "troupe/v1/membership.pb.h"

#include <mutex>
#include <optional>

namespace troupe::cluster {

/// What is behind a `membership_client`: drives a `member_lease` by a timer and by answers.
class client_core : public std::enable_shared_from_this<client_core> {
public:
  explicit client_core(membership_client_options options);

  [[nodiscard]] result<void> begin();
  [[nodiscard]] bool holds() const;
  [[nodiscard]] std::uint64_t incarnation() const;
  [[nodiscard]] view_ptr view() const;
  void set_state(member_state to);
  void rejoin();
  void leave(std::function<void(reply<void>)> then);
  void stop();

private:
  struct outgoing {
    std::string coordinator;
    message_ptr message;
    member_lease::request of;
  };

  /// Does what is due, and sets the alarm for what comes next. Without the lock.
  void step();
  [[nodiscard]] std::optional<outgoing> prepare();
  void send(const outgoing& what);
  void set_alarm();

  void take(const member_lease::request& of, reply<message_ptr> answer);
  void take_join(const member_lease::request& of, const v1::JoinReply& answer);
  void take_renewal(const member_lease::request& of, const v1::RenewReply& answer);
  void take_failure(const member_lease::request& of, const failure& why);
  void take_changes(const v1::MembershipChanges& changes);
  void find_coordinators();
  void note_fenced();
  void try_next();

  const membership_client_options options_;
  callback_line line_;

  mutable std::mutex guard_;
  bool stopped_ = false;
  member_lease lease_;
  member_state wanted_state_;
  std::vector<std::string> coordinators_;
  std::size_t at_ = 0;
  /// The last request, while it has no answer.
  std::uint64_t unanswered_ = 0;
  /// The last refusal that was told.
  std::string refusal_;
  view_ptr view_ = std::make_shared<const membership_view>();
  timer_handle alarm_;
};

} // namespace troupe::cluster
