#include "cluster/membership/member_lease.hpp"

#include <algorithm>

namespace troupe::cluster {
namespace {

/// So many are remembered: who has had no answer to more has lost its lease long before.
constexpr std::size_t most_unanswered = 64;

std::chrono::steady_clock::duration part_of(std::chrono::milliseconds whole, double part) {
  return std::chrono::duration_cast<std::chrono::steady_clock::duration>(
      std::chrono::duration<double, std::milli>{static_cast<double>(whole.count()) * part});
}

} // namespace

member_lease::member_lease(lease_rules rules, std::uint64_t seed, time_point now)
    : rules_(rules), chance_(static_cast<std::minstd_rand::result_type>(seed % 2'147'483'646 + 1)),
      next_request_(now) {}

std::optional<member_lease::request> member_lease::due(time_point now) {
  const bool wants = phase_ == phase::outside || holds(now);
  if (!wants || now < next_request_) return std::nullopt;
  const double early = std::uniform_real_distribution<double>{0.0, rules_.jitter}(chance_);
  next_request_ = now + part_of(rules_.renew_every, 1.0 - early);
  // A later join takes the place of an earlier one, in the table too.
  if (phase_ == phase::outside) sent_.clear();
  if (sent_.size() >= most_unanswered) sent_.erase(sent_.begin());
  sent_.emplace(++last_number_, now);
  if (phase_ == phase::outside) return request{request_kind::join, last_number_, 0};
  return request{request_kind::renew, last_number_, incarnation_};
}

std::optional<member_lease::time_point> member_lease::take_sent(std::uint64_t number) {
  const auto found = sent_.find(number);
  if (found == sent_.end()) return std::nullopt;
  const auto sent = found->second;
  sent_.erase(found);
  return sent;
}

void member_lease::prolong(time_point sent, std::chrono::milliseconds lease) {
  const auto end = sent + part_of(lease, 1.0 - rules_.clock_drift) - rules_.stop_before_end;
  stop_at_ = std::max(stop_at_, end);
}

bool member_lease::joined(std::uint64_t number, std::uint64_t incarnation,
                          std::chrono::milliseconds lease, time_point now) {
  const auto sent = take_sent(number);
  if (!sent || phase_ != phase::outside) return false;
  stop_at_ = {};
  prolong(*sent, lease);
  // It came so late that the lease is over: this incarnation never was a member.
  if (now >= stop_at_) return false;
  phase_ = phase::member;
  incarnation_ = incarnation;
  failures_ = 0;
  sent_.clear();
  return true;
}

void member_lease::renewed(std::uint64_t number, std::chrono::milliseconds lease) {
  const auto sent = take_sent(number);
  if (!sent || phase_ != phase::member) return;
  failures_ = 0;
  prolong(*sent, lease);
}

bool member_lease::refused(std::uint64_t number) {
  const auto sent = take_sent(number);
  if (!sent || phase_ != phase::member) return false;
  fence();
  return true;
}

void member_lease::failed(std::uint64_t number, time_point now) {
  if (!take_sent(number)) return;
  ++failures_;
  // Joins come from many at once when a cluster starts; a lease does not last long enough to be polite.
  const int doublings = phase_ == phase::outside ? std::min(failures_ - 1, 10) : 0;
  const auto wait = std::min<std::chrono::milliseconds>(rules_.retry_after * (1 << doublings),
                                                        rules_.longest_retry);
  const double some = std::uniform_real_distribution<double>{0.5, 1.0}(chance_);
  const auto retry = now + part_of(wait, some);
  next_request_ = phase_ == phase::outside ? retry : std::min(next_request_, retry);
}

bool member_lease::expire(time_point now) {
  if (phase_ != phase::member || now < stop_at_) return false;
  fence();
  return true;
}

void member_lease::fence() {
  phase_ = phase::fenced;
  sent_.clear();
}

void member_lease::stopped(time_point now) {
  if (phase_ != phase::fenced) return;
  phase_ = phase::outside;
  failures_ = 0;
  next_request_ = now;
}

member_lease::time_point member_lease::next() const {
  if (phase_ == phase::outside) return next_request_;
  if (phase_ == phase::member) return std::min(next_request_, stop_at_);
  return time_point::max();
}

} // namespace troupe::cluster
