// Rounding a row to the type of a product's inputs. Highway includes this once per instruction set, hence a guard that
// toggles instead of #pragma once.
#if defined(TROUPE_CPU_ROWS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef TROUPE_CPU_ROWS_INL_HPP
#undef TROUPE_CPU_ROWS_INL_HPP
#else
#define TROUPE_CPU_ROWS_INL_HPP
#endif

#include "kernels/cpu/internal/simd_math-inl.hpp"

#include <algorithm>
#include <cmath>

HWY_BEFORE_NAMESPACE();
namespace troupe::cpu::HWY_NAMESPACE {

/// How a row of numbers becomes bytes.
struct byte_scale {
  float scale = 1, factor = 1;
  std::int32_t zero = 0;
};

/// The 255 steps between the least and the most of a row and 0, which is met exactly: what is missing of a row is 0.
HWY_INLINE byte_scale byte_scale_of(float least, float most) {
  const float range = std::max(most, 0.0F) - std::min(least, 0.0F);
  // Infinity is seen by whoever calls, as NaN is.
  if (!(range > 0) || !std::isfinite(range)) return {};
  byte_scale made;
  made.scale = range / 255;
  made.factor = 255 / range;
  made.zero = std::isfinite(made.factor)
                  ? static_cast<std::int32_t>(std::nearbyint(-std::min(least, 0.0F) * made.factor))
                  : 0;
  return made;
}

/// Rounds one row to bytes. @param load load(tag, i) gives the numbers from i on.
template <class Load>
HWY_INLINE void quantize_row(std::size_t size, const Load& load, const input_rows& out,
                             std::size_t row) {
  const hn::CappedTag<float, 16> wide;
  const std::size_t lanes = hn::Lanes(wide);
  // x - x is 0, but for what is no finite number: that must not vanish in the rounding.
  auto least = hn::Zero(wide), most = least, odd = least;
  std::size_t i = 0;
  for (; i + lanes <= size; i += lanes) {
    const auto x = load(wide, i);
    least = hn::Min(least, x);
    most = hn::Max(most, x);
    odd = hn::Add(odd, hn::Sub(x, x));
  }
  const hn::CappedTag<float, 1> one;
  float low = hn::GetLane(hn::MinOfLanes(wide, least));
  float high = hn::GetLane(hn::MaxOfLanes(wide, most));
  float oddity = hn::GetLane(hn::SumOfLanes(wide, odd));
  for (; i < size; ++i) {
    const float x = hn::GetLane(load(one, i));
    low = std::min(low, x);
    high = std::max(high, x);
    oddity += x - x;
  }
  const byte_scale made = byte_scale_of(low, high);
  out.scales[row] = made.scale + oddity;
  out.zeros[row] = made.zero;
  auto* bytes = reinterpret_cast<std::uint8_t*>(out.data + row * out.stride);
  for_lanes(0, size, [&](auto d, std::size_t at) HWY_ATTR {
    const hn::RebindToSigned<decltype(d)> di;
    const hn::Rebind<std::uint8_t, decltype(d)> db;
    const auto steps = hn::NearestInt(hn::Mul(load(d, at), hn::Set(d, made.factor)));
    hn::StoreU(hn::DemoteTo(db, hn::Add(steps, hn::Set(di, made.zero))), db, bytes + at);
  });
}

/// Rounds one row of float32.
HWY_INLINE void convert_row(std::size_t size, const float* in, const input_rows& out,
                            std::size_t row) {
  if (out.type == element::int8) {
    quantize_row(
        size, [in](auto d, std::size_t i) HWY_ATTR { return hn::LoadU(d, in + i); }, out, row);
    return;
  }
  auto* to = out.data + row * out.stride;
  for_lanes(0, size, [&](auto d, std::size_t i) HWY_ATTR {
    if (out.type == element::bf16)
      store_bf16(d, hn::LoadU(d, in + i), reinterpret_cast<bf16_bits*>(to) + i);
    else
      hn::StoreU(hn::LoadU(d, in + i), d, reinterpret_cast<float*>(to) + i);
  });
}

} // namespace troupe::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
