#pragma once

#include "cluster/membership/defaults.hpp"

#include <array>
#include <chrono>
#include <cstddef>

namespace troupe::cluster {

/// How surprising it is that nothing has come from a member for so long, judged by how it came before: the phi-accrual failure
/// detector with normally distributed intervals. Pure; time is an argument.
/// Source: Hayashibara, Defago, Yared, Katayama, "The phi accrual failure detector", SRDS 2004, section 4.
class phi_detector {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// @param expected the interval that is taken until enough were seen.
  phi_detector(std::chrono::milliseconds expected, time_point now);

  /// Something came. @param count how much of it since the last time.
  void arrived(time_point now, std::uint64_t count = 1);
  /// What was between the last time and now says nothing: nobody could see whether something came.
  void passed_over(time_point now) { last_ = now; }
  /// -log10 of the chance that something still comes after such a silence; 0 for none.
  [[nodiscard]] double phi(time_point now) const;

private:
  void add(double interval_ms);

  std::array<float, membership_defaults::phi_window> intervals_{};
  std::size_t seen_ = 0;
  time_point last_;
};

} // namespace troupe::cluster
