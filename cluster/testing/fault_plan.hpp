#pragma once

#include "cluster/testing/link_shape.hpp"
#include "kernels/result.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::cluster::testing {

enum class fault_kind : std::uint8_t {
  /// Nothing passes between `nodes` and `others`, both ways. What is on its way is held; it arrives when that ends, or the
  /// link is given up at each end that has heard nothing for `network_options::silence`.
  partition,
  /// The same one way, from `nodes` to `others`. Both ends of a link notice: nothing is heard, or nothing acknowledged.
  cut,
  /// `nodes` stop, as under SIGSTOP: what arrives and what their clocks are to run waits until they go on. Peers may give
  /// up meanwhile.
  pause,
  /// The processes of `nodes` end, as under SIGKILL: their listeners and clocks hear nothing any more, not even
  /// `on_closed`; their peers hear it at once. When it ends, the player's `told` may start them again.
  crash,
  /// The same, but the machine says nothing: peers hear of it by silence, or when it is back.
  power_loss,
  /// Of attempts to connect to `nodes` are refused `ppm` in a million.
  refuse,
  /// The time of day at `nodes` is off by `offset`.
  skew,
  /// The clocks of `nodes` run faster by `ppm` parts in a million, slower if negative.
  drift,
  /// Links from `nodes` to `others` are like `shape`. Of several the last begun counts.
  slow,
};

/// Something that goes wrong. Nodes are named as in `node_identity::node`.
struct fault {
  fault_kind kind = fault_kind::partition;
  std::chrono::nanoseconds at{0};
  /// 0: for ever.
  std::chrono::nanoseconds lasts{0};
  std::vector<std::string> nodes{};
  /// Of `partition`, `cut` and `slow`. Empty: all but `nodes`.
  std::vector<std::string> others{};
  link_shape shape{};
  std::chrono::nanoseconds offset{0};
  std::int32_t ppm = 0;

  friend bool operator==(const fault&, const fault&) = default;
};

/// What goes wrong when. With `memory_network` on a virtual clock, plan and program decide all that happens.
struct fault_plan {
  /// For `network_options::seed`.
  std::uint64_t seed = 1;
  std::vector<fault> faults{};

  friend bool operator==(const fault_plan&, const fault_plan&) = default;
};

/// One fault a line, to be read by people and by `parse_plan`:
/// `at 1s for 2500ms partition a,b | c`, `at 0s pause a`, `at 1s for 2s slow a > b latency uniform 1ms 5ms loss 100ppm`.
[[nodiscard]] std::string to_string(const fault& one);
[[nodiscard]] std::string to_string(const fault_plan& plan);
/// Reads that; skips empty lines and what follows a '#'.
/// @returns `testing_errc::bad_plan`, which names the line.
[[nodiscard]] result<fault_plan> parse_plan(std::string_view text);

struct plan_options {
  std::vector<std::string> nodes{};
  std::chrono::nanoseconds length = std::chrono::seconds{30};
  std::size_t faults = 8;
  /// Of which kinds; empty: of all.
  std::vector<fault_kind> kinds{};
  /// At most; every fault ends.
  std::chrono::nanoseconds longest = std::chrono::seconds{10};
};

/// Up to `faults` faults by chance, in order of time. The same from a seed everywhere.
[[nodiscard]] fault_plan random_plan(std::uint64_t seed, const plan_options& options);

struct shrink_options {
  /// How many plans are tried.
  std::size_t tries = 500;
};

/// Makes a plan that fails smaller as long as it fails: without faults, shorter, earlier, of fewer nodes, less odd.
/// @param fails whether a plan still shows the failure; runs the whole test anew, always with the same outcome.
/// @returns a plan of which no single fault can be left out, unless the tries were used up; `plan` itself if it does not fail.
[[nodiscard]] fault_plan shrink(fault_plan plan,
                                const std::function<bool(const fault_plan&)>& fails,
                                shrink_options options = {});

} // namespace troupe::cluster::testing
