#pragma once

#include "cluster/membership/member_record.hpp"

#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string_view>
#include <vector>

namespace troupe::cluster {

using member_ptr = std::shared_ptr<const member_record>;

/// What has become of a member, as far as whoever watches knows.
struct member_event {
  enum class kind {
    joined,
    /// Its state is another one.
    changed,
    left,
    /// It was declared dead, a later incarnation has taken its place, or it went while nobody looked: what it had at work is
    /// lost.
    lost,
    /// No new work for it: it has been silent for unusually long. Only coordinators say so, each for itself.
    suspected,
    /// It is heard of again.
    trusted
  };
  kind what = kind::joined;
  /// As it is now; of one that has gone as it was last.
  member_ptr member{};
};

/// Members as they became known together. `complete`: who is not among them has gone.
struct member_update {
  std::uint64_t version = 0;
  bool complete = false;
  std::vector<member_record> members{};
};

/// Who is a member at one moment: those that have not gone. Never changes; any thread.
class membership_view {
public:
  /// Of the table; a later view has a greater one, or the same where only suspicions differ.
  [[nodiscard]] std::uint64_t version() const { return version_; }
  /// By name.
  [[nodiscard]] std::span<const member_ptr> members() const { return members_; }
  /// nullptr where there is no such member.
  [[nodiscard]] member_ptr find(std::string_view node) const;
  /// Whether this is the life that the node is in: everything else is fenced.
  [[nodiscard]] bool is_current(const member_key& key) const;
  [[nodiscard]] bool is_suspected(std::string_view node) const;
  /// Members of a role that are joining or active, those that are suspected last.
  [[nodiscard]] std::vector<member_ptr> with_role(node_role role) const;

  /// The view after an update. @param events what is different, for each node in the order in which it came to be; appended.
  [[nodiscard]] std::shared_ptr<const membership_view>
  after(const member_update& update, std::vector<member_event>& events) const;
  /// The view after a suspicion has changed; nullptr where there is no such member, or it is so already.
  [[nodiscard]] std::shared_ptr<const membership_view>
  after(const member_key& key, bool suspected, std::vector<member_event>& events) const;

private:
  void put(const member_record& of, std::vector<member_event>& events);
  void drop(std::string_view node, member_event::kind why, std::vector<member_event>& events);

  std::uint64_t version_ = 0;
  std::vector<member_ptr> members_;
  std::set<std::string, std::less<>> suspected_;
};

using view_ptr = std::shared_ptr<const membership_view>;

} // namespace troupe::cluster
