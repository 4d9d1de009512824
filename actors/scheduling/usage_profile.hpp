#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace troupe::scheduling {

/// How much of a resource is in use over time: a step function from 0 on, 0 at the end. Of `capacity` units never more may be
/// used at once. Steps lie in chunks with their least and most usage, so that a search passes whole chunks and an insertion moves
/// few steps. One thread.
class usage_profile {
public:
  explicit usage_profile(std::uint64_t capacity = 0);

  /// Back to nothing in use; keeps its memory.
  void clear();

  [[nodiscard]] std::uint64_t capacity() const { return capacity_; }

  /// @param demand at most the capacity.
  /// @param looked is raised by the number of steps and chunks looked at: work that is the same on every machine.
  /// @returns the least time from `ready` on at which `demand` units are free for `seconds`.
  [[nodiscard]] double earliest(double ready, double seconds, std::uint64_t demand,
                                std::uint64_t& looked) const;

  /// Uses `demand` units from `start` up to `finish`, which must be free.
  void add(double start, double finish, std::uint64_t demand);

  /// The first time at which anything is free.
  [[nodiscard]] double first_free() const { return first_free_; }

private:
  static constexpr std::size_t chunk_steps = 32;

  /// Steps in order of time. The usage of step i is `levels[i] + shift` from `times[i]` until the next step.
  struct chunk {
    std::size_t count = 0;
    std::uint64_t shift = 0;
    /// Least and most of `levels`.
    std::uint64_t least = 0, most = 0;
    double times[chunk_steps];
    std::uint64_t levels[chunk_steps];

    void measure();
  };
  struct position {
    std::size_t chunk = 0;
    std::size_t step = 0;
  };

  /// The step in which `time` lies.
  [[nodiscard]] position find(double time) const;
  /// Makes a step begin at `time`.
  position split(double time);
  /// Takes the step away where it has the usage of the one before it.
  void merge(double time);
  void halve(std::size_t chunk);
  void erase(position at);
  void update_first_free();
  [[nodiscard]] std::uint64_t level(position at) const {
    return chunks_[at.chunk].levels[at.step] + chunks_[at.chunk].shift;
  }

  std::uint64_t capacity_;
  double first_free_ = 0;
  std::vector<chunk> chunks_;
};

} // namespace troupe::scheduling
