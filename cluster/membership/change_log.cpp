#include "cluster/membership/change_log.hpp"

#include <algorithm>

namespace troupe::cluster {
namespace {

/// Members that have gone of which it is still told.
constexpr std::size_t most_gone = 2'000;

bool has_gone(const v1::Member& of) {
  return of.state() >= v1::MEMBER_STATE_LEFT;
}

} // namespace

void change_log::begin(bool complete) {
  if (!complete) return;
  by_version_.clear();
  version_of_.clear();
  gone_ = 0;
  floor_ = 0;
}

void change_log::add(std::uint64_t version, v1::Member member) {
  auto& last = version_of_[member.node()];
  if (const auto before = by_version_.find(last); before != by_version_.end()) {
    gone_ -= has_gone(before->second) ? 1U : 0U;
    by_version_.erase(before);
  }
  last = version;
  gone_ += has_gone(member) ? 1U : 0U;
  by_version_.insert_or_assign(version, std::move(member));
}

void change_log::finish(std::uint64_t version) {
  // Of a complete list it is not known who has gone before.
  if (floor_ == 0) floor_ = version;
  version_ = std::max(version_, version);
  if (gone_ > most_gone) drop_oldest_gone();
}

void change_log::drop_oldest_gone() {
  for (auto at = by_version_.begin(); at != by_version_.end() && gone_ > most_gone / 2;) {
    if (!has_gone(at->second)) {
      ++at;
      continue;
    }
    floor_ = std::max(floor_, at->first);
    version_of_.erase(at->second.node());
    at = by_version_.erase(at);
    --gone_;
  }
}

v1::MembershipChanges change_log::since(std::uint64_t known) const {
  v1::MembershipChanges made;
  made.set_version(std::max(known, version_));
  const bool complete = known < floor_;
  made.set_complete(complete);
  for (auto at = by_version_.upper_bound(complete ? 0 : known); at != by_version_.end(); ++at)
    if (!complete || !has_gone(at->second)) *made.add_members() = at->second;
  return made;
}

} // namespace troupe::cluster
