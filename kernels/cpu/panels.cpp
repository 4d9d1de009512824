#include "kernels/cpu/panels.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

namespace troupe::cpu {
namespace {

/// The nearest bfloat16, ties to even; what is no number stays none.
std::uint16_t nearest_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if (std::isnan(value)) return static_cast<std::uint16_t>((bits >> 16) | 0x40);
  return static_cast<std::uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

/// What 127 stands for in a row of weights is its largest one.
float int8_scale(const float* row, std::size_t size) {
  float most = 0;
  for (std::size_t i = 0; i < size; ++i) {
    if (!std::isfinite(row[i])) return std::numeric_limits<float>::quiet_NaN();
    most = std::max(most, std::abs(row[i]));
  }
  return most / 127;
}

/// Rounds one weight of an output to the type of the panels; `factor` is one over the scale of int8.
struct round_fp32 {
  float operator()(float value, float) const { return value; }
};
struct round_bf16 {
  std::uint16_t operator()(float value, float) const { return nearest_bf16(value); }
};
struct round_int8 {
  std::int8_t operator()(float value, float factor) const {
    // An output without a scale may hold what is no number.
    if (!(factor > 0)) return 0;
    return static_cast<std::int8_t>(std::clamp(std::nearbyint(value * factor), -127.0F, 127.0F));
  }
};

/// Fills the panels in the order of their bytes. @param factors [columns]
template <class Round>
void fill_panels(const panel_layout& layout, const float* weight, std::byte* panels,
                 const std::vector<float>& factors, Round round) {
  using packed = decltype(round(0.0F, 0.0F));
  constexpr std::size_t per_group = 4 / sizeof(packed);
  for (std::size_t first = 0; first < layout.outputs; first += panel_columns) {
    const std::size_t last = std::min(layout.outputs, first + panel_columns);
    auto* panel = panels + first / panel_columns * layout.panel_bytes();
    for (std::size_t input = 0; input < layout.inputs; input += per_group) {
      const std::size_t count = std::min(per_group, layout.inputs - input);
      for (std::size_t output = first; output < last; ++output) {
        packed group[per_group]{};
        for (std::size_t i = 0; i < count; ++i)
          group[i] = round(weight[output * layout.inputs + input + i], factors[output]);
        std::memcpy(panel + (input / per_group * panel_columns + output - first) * 4, group, 4);
      }
    }
  }
}

/// Scales of int8, and one over them; an output of zeros has neither.
std::vector<float> make_scales(const panel_layout& layout, const float* weight, float* scales) {
  std::vector<float> factors(layout.columns());
  for (std::size_t output = 0; output < layout.outputs; ++output) {
    scales[output] = int8_scale(weight + output * layout.inputs, layout.inputs);
    // NaN compares false.
    factors[output] = scales[output] > 0 ? 1 / scales[output] : 0;
  }
  return factors;
}

void sum_weights(const panel_layout& layout, const std::byte* panels, std::int32_t* sums) {
  for (std::size_t column = 0; column < layout.columns(); ++column) {
    const auto* at =
        panels + column / panel_columns * layout.panel_bytes() + column % panel_columns * 4;
    for (std::size_t group = 0; group < layout.groups(); ++group)
      for (std::size_t i = 0; i < 4; ++i)
        sums[column] += static_cast<std::int8_t>(at[group * panel_columns * 4 + i]);
  }
}

} // namespace

void pack_panels(const panel_layout& layout, const float* weight, std::byte* panels, float* scales,
                 std::int32_t* sums) {
  std::memset(panels, 0, layout.bytes());
  std::vector<float> factors(layout.columns());
  if (layout.type == element::fp32) {
    fill_panels(layout, weight, panels, factors, round_fp32{});
  } else if (layout.type == element::bf16) {
    fill_panels(layout, weight, panels, factors, round_bf16{});
  } else {
    std::fill_n(scales, layout.columns(), 0.0F);
    std::fill_n(sums, layout.columns(), 0);
    fill_panels(layout, weight, panels, make_scales(layout, weight, scales), round_int8{});
    sum_weights(layout, panels, sums);
  }
}

} // namespace troupe::cpu
