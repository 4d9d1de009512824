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
  // In this order Max keeps what is no number.
  return hn::Sub(hn::Max(hn::Zero(d), x), hn::IfThenElseZero(hn::Lt(a, hn::Set(d, 6.0F)), tail));
}

/// The same for results that are rounded to 16 bits: absolute error below 1e-6. With AVX-512 a Q(a) comes from cubics on 32
/// equal parts of [0, 6], whose coefficients two registers hold.
template <class D, class V>
HWY_INLINE V gelu_for_16_bits(D d, V x) {
#if HWY_TARGET <= HWY_AVX3
  if constexpr (hn::MaxLanes(D{}) == 16) {
    HWY_ALIGN static constexpr float c[4][32] = {
        {0.0F,
         0.0798058957F,
         0.132685974F,
         0.161374167F,
         0.169970557F,
         0.163360253F,
         0.14658165F,
         0.124262266F,
         0.100211136F,
         0.0772095099F,
         0.056993369F,
         0.0403840244F,
         0.0275051109F,
         0.0180243552F,
         0.011372651F,
         0.00691280933F,
         0.00404965552F,
         0.0022871329F,
         0.00124561414F,
         0.000654305972F,
         0.000331552728F,
         0.00016208936F,
         7.64596043e-05F,
         3.480347e-05F,
         1.5288213e-05F,
         6.48127207e-06F,
         2.65188396e-06F,
         1.04726735e-06F,
         3.99194533e-07F,
         1.46875237e-07F,
         5.21627612e-08F,
         1.78825754e-08F},
        {0.0937702134F,    0.0660428554F,    0.0402091295F,    0.0178775918F,    0.0001439591F,
         -0.0125233727F,   -0.0202725437F,   -0.0237493236F,   -0.023911139F,    -0.0218243916F,
         -0.0184895601F,   -0.0147223882F,   -0.0110996356F,   -0.00796107948F,  -0.00544952275F,
         -0.00356822088F,  -0.00223857677F,  -0.00134729268F,  -0.000778646441F, -0.00043245079F,
         -0.000230948513F, -0.000118656193F, -5.86731367e-05F, -2.79324649e-05F, -1.28063248e-05F,
         -5.65575465e-06F, -2.40656732e-06F, -9.8679061e-07F,  -3.89977515e-07F, -1.48559792e-07F,
         -5.45585124e-08F, -1.93183389e-08F},
        {-0.0141266501F,  -0.0136264069F,  -0.0122153852F,   -0.0101074316F,  -0.00760467816F,
         -0.00503412355F, -0.00268549495F, -0.000765520905F, 0.000622807536F, 0.00147556304F,
         0.00186422071F,  0.00190297805F,  0.0017168693F,    0.0014175832F,   0.00108988909F,
         0.000788016652F, 0.000539146014F, 0.000350515678F,  0.000217179157F, 0.000128522297F,
         7.2761366e-05F,  3.94583913e-05F, 2.05179749e-05F,  1.02386466e-05F, 4.90632692e-06F,
         2.25902181e-06F, 9.99862209e-07F, 4.25589434e-07F,  1.74270241e-07F, 6.86701327e-08F,
         2.60458677e-08F, 9.51122203e-09F},
        {0.000162877157F,  0.000463470031F,  0.00069426914F,   0.000826044008F,  0.000850266195F,
         0.000778798654F,  0.000638627156F,  0.000463733857F,  0.000286767288F,  0.000132757239F,
         1.60651616e-05F,  -5.94462072e-05F, -9.79478427e-05F, -0.000108185392F, -0.000100198078F,
         -8.29491619e-05F, -6.30969298e-05F, -4.47485509e-05F, -2.98475152e-05F, -1.88302074e-05F,
         -1.12802418e-05F, -6.43467956e-06F, -3.50269443e-06F, -1.82245185e-06F, -9.07509559e-07F,
         -4.32953925e-07F, -1.98061443e-07F, -8.69432668e-08F, -3.6644682e-08F,  -1.48370463e-08F,
         -5.77346793e-09F, -2.15995577e-09F}};
    const auto place = hn::Min(hn::Mul(hn::Abs(x), hn::Set(d, 32.0F / 6)), hn::Set(d, 31.9999F));
    const auto part = hn::ConvertTo(hn::RebindToSigned<D>{}, place);
    const auto u = hn::Sub(place, hn::ConvertTo(d, part));
    const auto of = [&](const float(&table)[32]) HWY_ATTR {
      return V{_mm512_permutex2var_ps(_mm512_load_ps(table), part.raw, _mm512_load_ps(table + 16))};
    };
    const auto tail =
        hn::MulAdd(hn::MulAdd(hn::MulAdd(of(c[3]), u, of(c[2])), u, of(c[1])), u, of(c[0]));
    return hn::Sub(hn::Max(hn::Zero(d), x), tail);
  }
#endif
  return gelu(d, x);
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

/// Rounds to nearest even; what is beyond binary16's range becomes the nearest end of it.
template <class D, class V>
HWY_INLINE void store_fp16([[maybe_unused]] D d, V v, fp16_bits* to) {
  const hn::Rebind<hwy::float16_t, D> dh;
  const hn::RebindToUnsigned<decltype(dh)> du;
  const auto bounded = hn::Min(hn::Max(v, hn::Set(d, -65504.0F)), hn::Set(d, 65504.0F));
  hn::StoreU(hn::BitCast(du, hn::DemoteTo(dh, bounded)), du, to);
}

template <class D>
HWY_INLINE hn::Vec<D> load_fp16(D d, const fp16_bits* from) {
  const hn::Rebind<hwy::float16_t, D> dh;
  const hn::RebindToUnsigned<decltype(dh)> du;
  return hn::PromoteTo(d, hn::BitCast(dh, hn::LoadU(du, from)));
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
