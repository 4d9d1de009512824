#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace troupe::scheduling {

/// No amount is larger, so that the sum of two never overflows: 2^60 bytes are an exbibyte.
inline constexpr std::uint64_t most_resource_amount = std::uint64_t{1} << 60;
inline constexpr std::size_t most_custom_resources = 16;

/// What an attempt demands, or what a node has. Whole numbers only, so that what is taken and given back a million times
/// adds up. Plain data.
struct resource_vector {
  /// Thousandths of a processor core.
  std::uint64_t milli_cpu = 0;
  /// Whole devices.
  std::uint64_t gpu = 0;
  std::uint64_t memory_bytes = 0;
  /// Over all devices together.
  std::uint64_t gpu_memory_bytes = 0;
  /// Whole units of what the operator names (licences, slots of a device), ascending by name, none of them 0.
  std::vector<std::pair<std::string, std::uint64_t>> custom;

  [[nodiscard]] bool empty() const {
    return milli_cpu == 0 && gpu == 0 && memory_bytes == 0 && gpu_memory_bytes == 0 &&
           custom.empty();
  }
  bool operator==(const resource_vector&) const = default;
  /// Some order, for maps: not that one fits into the other.
  friend bool operator<(const resource_vector& a, const resource_vector& b) {
    return std::tie(a.milli_cpu, a.gpu, a.memory_bytes, a.gpu_memory_bytes, a.custom) <
           std::tie(b.milli_cpu, b.gpu, b.memory_bytes, b.gpu_memory_bytes, b.custom);
  }
};

/// One entry of a vector by its name in texts: `cpu` (in thousandths), `gpu`, `memory` and `gpu_memory` (in bytes), or that
/// of a custom resource.
struct resource_amount {
  std::string name;
  std::uint64_t amount = 0;
  bool operator==(const resource_amount&) const = default;
};

/// 0 where the vector has none of it.
[[nodiscard]] std::uint64_t amount_of(const resource_vector& of, std::string_view name);
/// Sets one entry; 0 takes a custom one out. Neither name nor amount are checked (`resource_text.hpp` does).
void set_amount(resource_vector& into, std::string_view name, std::uint64_t amount);
/// The entries that are not 0: the four, then the custom ones by name.
[[nodiscard]] std::vector<resource_amount> amounts_of(const resource_vector& of);

/// Whether there is at least as much of everything in `available`.
[[nodiscard]] bool fits(const resource_vector& demand, const resource_vector& available);
/// @returns nothing where an entry would exceed `most_resource_amount`.
[[nodiscard]] std::optional<resource_vector> sum(const resource_vector& a,
                                                 const resource_vector& b);
/// @returns nothing where `b` does not fit into `a`.
[[nodiscard]] std::optional<resource_vector> difference(const resource_vector& a,
                                                        const resource_vector& b);

} // namespace troupe::scheduling
