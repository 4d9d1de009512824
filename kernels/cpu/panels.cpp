#include "kernels/cpu/panels.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

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

/// Writes one input of one output.
class panel_writer {
public:
  panel_writer(const panel_layout& layout, std::byte* panels) : layout_{layout}, panels_{panels} {}

  template <class Packed>
  void put(std::size_t output, std::size_t input, Packed value) const {
    const std::size_t per_group = layout_.group_inputs();
    std::byte* at = panels_ + output / panel_columns * layout_.panel_bytes() +
                    input / per_group * panel_columns * 4 + output % panel_columns * 4 +
                    input % per_group * sizeof value;
    std::memcpy(at, &value, sizeof value);
  }

private:
  const panel_layout& layout_;
  std::byte* panels_;
};

void put_int8_row(const panel_writer& to, std::size_t output, const float* row, std::size_t size,
                  float* scales, std::int32_t* sums) {
  scales[output] = int8_scale(row, size);
  sums[output] = 0;
  // A row of zeros has no scale; NaN compares false.
  if (!(scales[output] > 0)) return;
  const float factor = 1 / scales[output];
  for (std::size_t i = 0; i < size; ++i) {
    const auto value =
        static_cast<std::int8_t>(std::clamp(std::nearbyint(row[i] * factor), -127.0F, 127.0F));
    to.put(output, i, value);
    sums[output] += value;
  }
}

} // namespace

void pack_panels(const panel_layout& layout, const float* weight, std::byte* panels, float* scales,
                 std::int32_t* sums) {
  std::memset(panels, 0, layout.bytes());
  if (layout.type == element::int8) {
    std::fill_n(scales, layout.columns(), 0.0F);
    std::fill_n(sums, layout.columns(), 0);
  }
  const panel_writer to{layout, panels};
  for (std::size_t output = 0; output < layout.outputs; ++output) {
    const float* row = weight + output * layout.inputs;
    if (layout.type == element::int8) {
      put_int8_row(to, output, row, layout.inputs, scales, sums);
      continue;
    }
    for (std::size_t i = 0; i < layout.inputs; ++i)
      if (layout.type == element::fp32)
        to.put(output, i, row[i]);
      else
        to.put(output, i, nearest_bf16(row[i]));
  }
}

} // namespace troupe::cpu
