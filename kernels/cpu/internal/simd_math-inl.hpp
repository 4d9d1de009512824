// Vector functions that the ops share. Highway includes this once per instruction set, hence a
// guard that toggles instead of #pragma once.
#if defined(TROUPE_CPU_SIMD_MATH_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef TROUPE_CPU_SIMD_MATH_INL_HPP
#undef TROUPE_CPU_SIMD_MATH_INL_HPP
#else
#define TROUPE_CPU_SIMD_MATH_INL_HPP
#endif

#include "kernels/cpu/ops.hpp"

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace troupe::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// sum of c[i] x^i; the lowest coefficient comes first.
template <class D, class V, std::size_t N>
HWY_INLINE V polynomial(D d, V x, const float (&c)[N]) {
  V sum = hn::Set(d, c[N - 1]);
  for (std::size_t i = N - 1; i-- > 0;)
    sum = hn::MulAdd(sum, x, hn::Set(d, c[i]));
  return sum;
}

/// 2^x for x in [-126, 127]; what is outside counts as the nearest end. Relative error below 2e-7.
template <class D, class V>
HWY_INLINE V exp2(D d, V x) {
  // Minimax fit of 2^f on [-0.5, 0.5], relative error 2e-9, exact at 0.
  static constexpr float c[] = {1.0F,
                                0.6931471824645996F,
                                0.24022647738456726F,
                                0.055503323674201965F,
                                0.00961843691766262F,
                                0.0013398873852565885F,
                                0.00015353361959569156F};
  const hn::RebindToSigned<D> di;
  x = hn::Min(hn::Max(x, hn::Set(d, -126.0F)), hn::Set(d, 127.0F));
  const V whole = hn::Round(x);
  const V fraction = polynomial(d, hn::Sub(x, whole), c);
  const auto exponent = hn::ShiftLeft<23>(hn::Add(hn::ConvertTo(di, whole), hn::Set(di, 127)));
  return hn::Mul(fraction, hn::BitCast(d, exponent));
}

/// e^x for x in [-87, 88]; what is outside counts as the nearest end. The relative error grows with
/// |x|: 1e-7 (1 + |x|).
template <class D, class V>
HWY_INLINE V exp(D d, V x) {
  return exp2(d, hn::Mul(x, hn::Set(d, 1.4426950408889634F)));
}

/// x Phi(x) with Phi the normal distribution function, that is x (1 + erf(x / sqrt 2)) / 2.
/// Absolute error below 2e-7. With a = |x| it is max(x, 0) - a Q(a), where Q(a) = erfc(a / sqrt 2)
/// / 2 is smooth and small, so that nothing cancels; log2 Q is fitted by a polynomial on [0, 6],
/// weighted with a Q(a). Beyond 6, a Q(a) is below 6e-9.
template <class D, class V>
HWY_INLINE V gelu(D d, V x) {
  static constexpr float c[] = {-0.9999980330467224F,    -1.151134967803955F,
                                -0.4590650796890259F,    -0.05281065031886101F,
                                0.0074238707311451435F,  -0.00036210930556990206F,
                                -0.0001120048837037757F, 2.882464468711987e-05F,
                                -2.898475941037759e-06F, 1.1340215166910639e-07F};
  const V a = hn::Abs(x);
  const V tail = hn::Mul(a, exp2(d, polynomial(d, a, c)));
  return hn::Sub(hn::Max(x, hn::Zero(d)), hn::IfThenElseZero(hn::Lt(a, hn::Set(d, 6.0F)), tail));
}

/// x (1 + tanh(u)) / 2 with u = sqrt(2 / pi) (x + 0.044715 x^3), computed as x / (1 + e^(-2 u)).
template <class D, class V>
HWY_INLINE V gelu_new(D d, V x) {
  const V inner = hn::MulAdd(hn::Mul(hn::Set(d, 0.044715F), hn::Mul(x, x)), x, x);
  const V power = exp(d, hn::Mul(hn::Set(d, -1.5957691216057308F), inner));
  return hn::Div(x, hn::Add(hn::Set(d, 1.0F), power));
}

/// Rounds to nearest even; NaN and infinity do not occur in activations.
template <class D, class V>
HWY_INLINE void store_bf16([[maybe_unused]] D d, V v, bf16_bits* to) {
  const hn::RebindToUnsigned<D> du;
  const hn::Rebind<bf16_bits, D> dh;
  const auto bits = hn::BitCast(du, v);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(du, 1));
  const auto rounded = hn::Add(bits, hn::Add(odd, hn::Set(du, 0x7fff)));
  hn::StoreU(hn::TruncateTo(dh, hn::ShiftRight<16>(rounded)), dh, to);
}

template <class D, class V>
HWY_INLINE void store(D d, V v, const activation_out& out) {
  if (out.fp32) hn::StoreU(v, d, out.fp32);
  if (out.bf16) store_bf16(d, v, out.bf16);
}

/// Calls `body(tag, i)` for pieces of [start, size): whole vectors first, then smaller ones for
/// what is left, so that nothing beyond `size` is touched.
template <std::size_t Cap = HWY_MAX_BYTES / sizeof(float), class Body>
HWY_INLINE void for_lanes(std::size_t start, std::size_t size, Body body) {
  const hn::CappedTag<float, Cap> d;
  std::size_t i = start;
  for (; i + hn::Lanes(d) <= size; i += hn::Lanes(d))
    body(d, i);
  if constexpr (Cap > 1) for_lanes<(Cap > 4 ? 4 : 1)>(i, size, body);
}

} // namespace troupe::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
