#pragma once

#include "actors/scheduling/problem.hpp"
#include "actors/scheduling/schedule.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace troupe::scheduling {

/// What a policy may be told beside the problem.
struct plan_options {
  /// Of what it draws at random; the same seed gives the same plan on every machine.
  std::uint64_t seed = 1;
  /// How much a policy that searches may do, as a multiple of what it does by itself.
  double effort = 1;
};

/// Makes whole plans: sees the graph with exact costs, before anything runs. Stateless; any thread.
class offline_policy {
public:
  virtual ~offline_policy() = default;
  /// "heft"
  [[nodiscard]] virtual std::string_view name() const = 0;
  /// One sentence for people.
  [[nodiscard]] virtual std::string_view summary() const = 0;
  /// @returns a valid schedule: dependencies with their transfers, slots and memory are kept at all times.
  [[nodiscard]] virtual schedule plan(const problem& of, const plan_options& options) const = 0;
};

/// All of them; the first is the default. They live as long as the program.
[[nodiscard]] std::span<const offline_policy* const> offline_policies();

/// @returns `unknown_policy`, with the nearest name or all of them.
[[nodiscard]] result<const offline_policy*> find_offline_policy(std::string_view name);

} // namespace troupe::scheduling
