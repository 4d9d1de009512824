#pragma once

#include <cstddef>
#include <vector>

namespace troupe::scheduling {

/// When one slot is idle: the gaps between its tasks, in chunks with their longest gap, and the time after the last task. One
/// thread.
class slot_timeline {
public:
  /// @param shortest seconds that no task takes less than on this slot: smaller gaps are forgotten.
  explicit slot_timeline(double shortest = 0) : shortest_{shortest} {}

  /// When the last task ends; 0 without one.
  [[nodiscard]] double end() const { return end_; }

  /// @returns the least time from `ready` on that begins `seconds` of idleness.
  [[nodiscard]] double earliest(double ready, double seconds) const;

  /// Occupies `start` up to `finish`, which must be idle.
  void add(double start, double finish);

private:
  static constexpr std::size_t chunk_gaps = 32;

  struct gap {
    double start = 0, end = 0;
    [[nodiscard]] double length() const { return end - start; }
  };
  struct chunk {
    std::vector<gap> gaps;
    double longest = 0;
    void measure();
  };

  [[nodiscard]] bool worth_keeping(const gap& each) const {
    return each.start < each.end && each.start + shortest_ <= each.end;
  }
  void append(gap last);
  /// Replaces a gap by what is left of it before and after a task.
  void cut(std::size_t chunk, std::size_t index, double start, double finish);

  double shortest_;
  double end_ = 0;
  std::vector<chunk> chunks_;
};

} // namespace troupe::scheduling
