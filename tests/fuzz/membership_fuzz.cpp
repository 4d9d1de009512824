// What a node is told of the others: members within bounds that survive the wire, and a view that is in order.
#include "cluster/membership/member_codec.hpp"
#include "cluster/membership/membership_view.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <algorithm>

using namespace troupe;
using namespace troupe::cluster;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  v1::MembershipChanges wire;
  if (!wire.ParseFromArray(data, static_cast<int>(size))) return -1;
  member_update update{wire.version(), wire.complete(), {}};
  for (const auto& each : wire.members()) {
    auto read = decode_member(each);
    if (!read) continue;
    fuzz::require(is_gone(read->state) || check(*read).has_value(), "what was read is checked");
    const auto again = decode_member(encode_member(*read));
    fuzz::require(again.has_value() && *again == *read, "a member survives the wire");
    update.members.push_back(std::move(*read));
  }
  std::vector<member_event> events;
  const auto view = membership_view{}.after(update, events);
  const auto name_of = [](const member_ptr& of) { return of->node; };
  fuzz::require(std::ranges::is_sorted(view->members(), {}, name_of), "a view is sorted");
  for (const auto& each : view->members())
    fuzz::require(view->find(each->node) == each && !is_gone(each->state), "and finds its members");
  return 0;
}
