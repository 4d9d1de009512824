#include "actors/scheduling/policy.hpp"

#include "actors/scheduling/errc.hpp"
#include "actors/scheduling/list_policies.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace troupe::scheduling {

std::span<const offline_policy* const> offline_policies() {
  static const std::array<const offline_policy*, 6> all{&portfolio_policy(), &heft_policy(),
                                                        &peft_policy(),      &eft_policy(),
                                                        &fifo_policy(),      &round_robin_policy()};
  return all;
}

result<const offline_policy*> find_offline_policy(std::string_view name) {
  const auto all = offline_policies();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const auto* each) { return each->name() == name; });
  if (found != all.end()) return *found;
  std::string known;
  for (const auto* each : all)
    known += fmt::format("{}{}", known.empty() ? "" : ", ", each->name());
  return fail(scheduling_errc::unknown_policy,
              fmt::format("'{}' is none; known are: {}", name, known));
}

} // namespace troupe::scheduling
