#include "cluster/membership/member_monitor.hpp"

#include <algorithm>

namespace troupe::cluster {

using workflow::member_lease_row;

std::chrono::steady_clock::duration member_monitor::patience(const member_lease_row& lease) const {
  using std::chrono::steady_clock;
  const auto granted =
      std::max<std::chrono::system_clock::duration>(lease.lease_end - lease.renewed, rules_.lease);
  return std::chrono::duration_cast<steady_clock::duration>(std::chrono::duration<double>(granted) *
                                                            (1.0 + rules_.clock_drift));
}

void member_monitor::take(const member_lease_row& lease, time_point now, bool saw_nothing) {
  const auto fresh = [&] {
    return watched{lease, now, phi_detector{rules_.renew_every, now}, false};
  };
  const auto found = members_.find(lease.key.node);
  if (found == members_.end()) {
    members_.emplace(lease.key.node, fresh());
    return;
  }
  watched& of = found->second;
  if (of.seen.key != lease.key) {
    of = fresh();
    return;
  }
  if (saw_nothing) of.detector.passed_over(now);
  if (of.seen.renewals == lease.renewals && !saw_nothing) return;
  // A server that forgot its last commits has fewer: that is another lease than the one that was seen, too.
  if (!saw_nothing && lease.renewals > of.seen.renewals)
    of.detector.arrived(now, lease.renewals - of.seen.renewals);
  of.seen = lease;
  of.since = now;
}

std::vector<member_monitor::suspicion>
member_monitor::observe(std::span<const member_lease_row> leases, time_point now) {
  const bool saw_nothing = now - last_ > rules_.lease / 2;
  last_ = now;
  for (const member_lease_row& each : leases)
    take(each, now, saw_nothing);
  std::vector<suspicion> changed;
  std::map<std::string_view, const member_lease_row*> there;
  for (const member_lease_row& each : leases)
    there.emplace(each.key.node, &each);
  std::erase_if(members_, [&](const auto& each) { return !there.contains(each.first); });
  for (auto& [node, of] : members_) {
    const bool suspected = of.detector.phi(now) >= rules_.phi_threshold;
    if (suspected != of.suspected) changed.push_back({of.seen.key, suspected});
    of.suspected = suspected;
  }
  return changed;
}

std::vector<member_lease_row> member_monitor::overdue(time_point now) const {
  std::vector<member_lease_row> found;
  // Who has not looked for long may have been paused: it looks first.
  if (now - last_ > rules_.lease / 2) return found;
  for (const auto& [node, of] : members_)
    if (now - of.since >= patience(of.seen)) found.push_back(of.seen);
  return found;
}

bool member_monitor::is_suspected(const member_key& key) const {
  const auto found = members_.find(key.node);
  return found != members_.end() && found->second.seen.key == key && found->second.suspected;
}

} // namespace troupe::cluster
