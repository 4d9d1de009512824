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
  /// @param capacity below 2^53, so that sums are exact as doubles.
  explicit usage_profile(std::uint64_t capacity = 0);

  /// Back to nothing in use; keeps its memory.
  void clear();

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

  /// Steps in order of time. The usage of step i is `levels[i] + shift` from `times[i]` until the next step; behind the last one
  /// times are infinite. Levels are whole numbers; as doubles they are compared and searched several at once.
  struct chunk {
    chunk();
    std::size_t count = 0;
    double shift = 0;
    /// No level is below or above.
    double least = 0, most = 0;
    double times[chunk_steps];
    double levels[chunk_steps];

    /// The last step that begins by `time`.
    [[nodiscard]] std::size_t find(double time) const;
    void insert(std::size_t step, double time, double level);
    void erase(std::size_t step);
    /// Raises the steps from `step` up to `finish`. @returns the first that is not raised.
    std::size_t raise(std::size_t step, double finish, double amount);
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
  /// Takes a step away where it has the usage of the one before it.
  void merge(position at);
  void halve(std::size_t chunk);
  void update_first_free();
  [[nodiscard]] double level(position at) const {
    return chunks_[at.chunk].levels[at.step] + chunks_[at.chunk].shift;
  }

  double capacity_;
  double first_free_ = 0;
  std::vector<chunk> chunks_;
  /// When each chunk begins.
  std::vector<double> begins_;
};

} // namespace troupe::scheduling
