// to_fp32 of safetensors.hpp.
#include "kernels/bert/safetensors.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

namespace troupe::bert {
namespace {

float from_f16(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000U) << 16;
  const std::uint32_t magnitude = half & 0x7fffU;
  // Subnormals and zero: an exact multiple of 2^-24.
  if (magnitude < 0x400U) {
    const float value = static_cast<float>(magnitude) * 0x1p-24F;
    return sign ? -value : value;
  }
  const std::uint32_t infinite_or_nan = magnitude >= 0x7c00U ? 0x38000000U : 0;
  return std::bit_cast<float>(sign | ((magnitude << 13) + 0x38000000U + infinite_or_nan));
}

float from_bf16(std::uint16_t half) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(half) << 16);
}

float from_f64(double value) {
  // A conversion out of range would be undefined.
  if (std::isnan(value)) return std::numeric_limits<float>::quiet_NaN();
  if (std::abs(value) > static_cast<double>(std::numeric_limits<float>::max()))
    return std::copysign(std::numeric_limits<float>::infinity(), value < 0 ? -1.0F : 1.0F);
  return static_cast<float>(value);
}

/// Elements may lie at any address, so they are copied out one by one; compilers make plain loads
/// of it.
template <class Stored, class Convert>
void convert_all(std::span<const std::byte> bytes, std::span<float> out, Convert convert) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    Stored stored;
    std::memcpy(&stored, bytes.data() + i * sizeof stored, sizeof stored);
    out[i] = convert(stored);
  }
}

} // namespace

std::optional<std::string> to_fp32(const tensor_view& tensor, std::span<float> out) {
  const auto& bytes = tensor.bytes;
  if (tensor.dtype == "F32")
    convert_all<float>(bytes, out, [](float value) { return value; });
  else if (tensor.dtype == "F16")
    convert_all<std::uint16_t>(bytes, out, from_f16);
  else if (tensor.dtype == "BF16")
    convert_all<std::uint16_t>(bytes, out, from_bf16);
  else if (tensor.dtype == "F64")
    convert_all<double>(bytes, out, from_f64);
  else
    return "has dtype " + tensor.dtype + " where F32, F16, BF16 or F64 is needed";
  return std::nullopt;
}

std::size_t count_not_finite(std::span<const float> values) {
  return static_cast<std::size_t>(std::count_if(values.begin(), values.end(),
                                                [](float value) { return !std::isfinite(value); }));
}

} // namespace troupe::bert
