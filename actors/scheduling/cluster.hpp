#pragma once

#include "kernels/result.hpp"

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace troupe::scheduling {

enum class slot_kind : std::uint8_t { cpu, gpu };

/// "cpu" or "gpu".
[[nodiscard]] const char* to_string(slot_kind kind) noexcept;

/// One machine. Its slots of one kind are alike.
struct cluster_node {
  std::string name;
  std::uint32_t cpu_slots = 0;
  std::uint32_t gpu_slots = 0;
  /// Relative to the machine of the trace: a task of 10 s takes 5 s on a CPU slot of speed 2.
  double cpu_speed = 1;
  double gpu_speed = 1;
  std::uint64_t memory_bytes = 0;
  double bandwidth_bytes_per_second = 0;
};

/// Which programs have a GPU version, and how much faster it is; see `acceleration.hpp`.
struct acceleration_model {
  /// Of a program to have one, 0 to 1.
  double probability = 0;
  /// The range of the speed-up.
  double min = 1;
  double max = 1;
};

/// What a cluster file holds.
struct cluster_description {
  std::string name;
  std::uint64_t seed = 0;
  acceleration_model acceleration;
  /// Memory of a task whose trace gives none.
  std::uint64_t default_memory_bytes = 0;
  std::vector<cluster_node> nodes;
};

/// The slots of one kind on one node: a task takes equally long on each of them.
struct slot_pool {
  std::uint32_t node = 0;
  slot_kind kind = slot_kind::cpu;
  /// Number of its first slot; the others follow.
  std::uint32_t first_slot = 0;
  std::uint32_t count = 0;
  double speed = 1;
};

/// A checked cluster. Slots are numbered node by node in the order of the file, CPU slots before GPU slots; pools are the
/// (node, kind) pairs that have slots, in the order of their slots. Immutable; any thread.
class cluster {
public:
  /// @returns `bad_cluster` where nodes are missing, named twice or have numbers out of the bounds of `defaults.hpp`, and
  ///   where there is no slot; `too_large` beyond the bounds on nodes and slots.
  [[nodiscard]] static result<cluster> make(cluster_description description);

  [[nodiscard]] const cluster_description& description() const { return description_; }
  [[nodiscard]] const std::vector<cluster_node>& nodes() const { return description_.nodes; }
  [[nodiscard]] std::span<const slot_pool> pools() const { return pools_; }
  [[nodiscard]] std::uint32_t slot_count() const {
    return static_cast<std::uint32_t>(slot_pools_.size());
  }
  /// The pool of a slot.
  [[nodiscard]] std::uint32_t pool_of(std::uint32_t slot) const { return slot_pools_[slot]; }
  [[nodiscard]] const slot_pool& pool_at(std::uint32_t slot) const {
    return pools_[slot_pools_[slot]];
  }
  /// Number of a slot among those of its kind on its node, from 0.
  [[nodiscard]] std::uint32_t index_in_pool(std::uint32_t slot) const {
    return slot - pool_at(slot).first_slot;
  }
  /// Slots of both kinds on a node.
  [[nodiscard]] std::uint32_t slots_of_node(std::uint32_t node) const {
    return nodes()[node].cpu_slots + nodes()[node].gpu_slots;
  }

  /// Seconds that `bytes` take from node `from` to node `to`: bytes / the smaller bandwidth; 0 on one node.
  [[nodiscard]] double transfer_seconds(std::uint64_t bytes, std::uint32_t from,
                                        std::uint32_t to) const {
    if (from == to || bytes == 0) return 0;
    const double a = nodes()[from].bandwidth_bytes_per_second;
    const double b = nodes()[to].bandwidth_bytes_per_second;
    return static_cast<double>(bytes) / (b < a ? b : a);
  }

private:
  explicit cluster(cluster_description description);

  cluster_description description_;
  std::vector<slot_pool> pools_;
  std::vector<std::uint32_t> slot_pools_;
};

} // namespace troupe::scheduling
