#pragma once

#include "kernels/cpu/ops.hpp"
#include "tests/kernels/cpu/vector_targets.hpp"

#include <bit>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <random>
#include <vector>

/// What the tests of the vector kernels share.
namespace troupe::test {

using floats = std::vector<float>;
using cpu::bf16_bits;

/// Every instruction set that is compiled in and that this machine has.
inline std::vector<std::int64_t> targets() {
  return hwy::SupportedAndGeneratedTargets();
}

inline floats random_floats(std::size_t count, unsigned seed, float scale = 1) {
  std::mt19937 random{seed};
  std::normal_distribution<float> normal{0, scale};
  floats values(count);
  for (auto& value : values)
    value = normal(random);
  return values;
}

inline float from_bf16(bf16_bits bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

inline float from_fp16(std::uint16_t bits) {
  const float size =
      std::ldexp(static_cast<float>(bits & 0x3ffU) / 1024 + ((bits >> 10 & 31U) != 0),
                 std::max(1, static_cast<int>(bits >> 10 & 31U)) - 15);
  return (bits & 0x8000U) != 0 ? -size : size;
}

inline void check_close(const floats& found, const std::vector<double>& expected,
                        double tolerance) {
  BOOST_REQUIRE_EQUAL(found.size(), expected.size());
  double largest = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const double error = std::abs(static_cast<double>(found[i]) - expected[i]);
    if (!(error <= largest)) largest = error;
  }
  BOOST_TEST(largest <= tolerance);
}

/// A bfloat16 result must be the nearest one to the float32 result, ties to even: half a unit of the last of its bits.
inline void check_rounded(const std::vector<bf16_bits>& found, const floats& exact) {
  for (std::size_t i = 0; i < exact.size(); ++i) {
    const auto bits = std::bit_cast<std::uint32_t>(exact[i]);
    const auto rest = bits & 0xffffU;
    const bool up = rest > 0x8000U || (rest == 0x8000U && (bits >> 16 & 1));
    BOOST_REQUIRE_EQUAL(found[i], static_cast<bf16_bits>((bits >> 16) + up));
  }
}

inline const std::size_t sizes[] = {1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 48, 96, 100, 384, 771};

} // namespace troupe::test
