// to_fp32 of safetensors.hpp.
#include "kernels/bert/safetensors.hpp"

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
  if (!(std::abs(value) <= static_cast<double>(std::numeric_limits<float>::max())))
    return std::numeric_limits<float>::infinity();
  return static_cast<float>(value);
}

/// Elements may lie at any address, so they are copied out one by one; compilers make plain loads
/// of it.
template <class Stored, class Convert>
bool convert_all(std::span<const std::byte> bytes, std::span<float> out, Convert convert) {
  bool finite = true;
  for (std::size_t i = 0; i < out.size(); ++i) {
    Stored stored;
    std::memcpy(&stored, bytes.data() + i * sizeof stored, sizeof stored);
    out[i] = convert(stored);
    finite &= std::isfinite(out[i]);
  }
  return finite;
}

bool dispatch(const tensor_view& tensor, std::span<float> out, bool& known) {
  const auto& bytes = tensor.bytes;
  if (tensor.dtype == "F32")
    return convert_all<float>(bytes, out, [](float value) { return value; });
  if (tensor.dtype == "F16") return convert_all<std::uint16_t>(bytes, out, from_f16);
  if (tensor.dtype == "BF16") return convert_all<std::uint16_t>(bytes, out, from_bf16);
  if (tensor.dtype == "F64") return convert_all<double>(bytes, out, from_f64);
  return known = false;
}

} // namespace

std::optional<std::string> to_fp32(const tensor_view& tensor, std::span<float> out) {
  bool known = true;
  const bool finite = dispatch(tensor, out, known);
  if (!known) return "has dtype " + tensor.dtype + " where F32, F16, BF16 or F64 is needed";
  if (!finite) return "has a value that is not finite in float32";
  return std::nullopt;
}

} // namespace troupe::bert
