#include "actors/scheduling/errc.hpp"
#include "actors/scheduling/online/online_policy.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace troupe::scheduling {

std::span<const online_policy_entry> online_policies() {
  static const std::array<online_policy_entry, 8> all{{
      {"aged-srpt", "least remaining demand first, ageing; keeps a slot in sixteen for short tasks",
       make_aged_srpt_policy, aged_srpt_order},
      {"srpt", "least remaining work of the workflow first, earliest finish", make_srpt_policy,
       srpt_order},
      {"las", "least attained service of the workflow first, earliest finish", make_las_policy,
       las_order},
      {"rank", "largest upward rank first, earliest finish", make_rank_policy, rank_order},
      {"eft", "at once, to the slot of the earliest finish", make_eft_policy, fifo_order},
      {"eft-late", "first ready first, to the idle slot of the least cost", make_eft_late_policy,
       fifo_order},
      {"fifo", "first ready first, to the first idle slot", make_fifo_policy, fifo_order},
      {"round-robin", "at once, to one slot after another", make_round_robin_policy, fifo_order},
  }};
  return all;
}

result<const online_policy_entry*> find_online_policy(std::string_view name) {
  const auto all = online_policies();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const auto& each) { return each.name == name; });
  if (found != all.end()) return &*found;
  std::string known;
  for (const auto& each : all)
    known += fmt::format("{}{}", known.empty() ? "" : ", ", each.name);
  return fail(scheduling_errc::unknown_policy,
              fmt::format("'{}' is none; known are: {}", name, known));
}

} // namespace troupe::scheduling
