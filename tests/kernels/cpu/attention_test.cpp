// Attention against a slow reference in double, in float32 for every instruction set of this machine and in bfloat16.
#include "kernels/cpu/probe.hpp"
#include "tests/kernels/cpu/ops_support.hpp"

#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <cstdint>

namespace {

using namespace troupe;
using test::bf16_bits;
using test::check_close;
using test::floats;
using test::from_bf16;
using test::only_target;
using test::random_floats;
using test::targets;
namespace data = boost::unit_test::data;

/// The nearest bfloat16.
bf16_bits to_bf16(float number) {
  const auto bits = std::bit_cast<std::uint32_t>(number);
  return static_cast<bf16_bits>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

double value_of(float number) {
  return number;
}
double value_of(bf16_bits number) {
  return from_bf16(number);
}

template <class Number>
struct attention_inputs {
  std::size_t tokens, head_dim, stride;
  std::vector<Number> query, key, value;

  attention_inputs(std::size_t n, std::size_t d, float scale)
      : tokens{n}, head_dim{d}, stride{3 * d + 2}, query{numbers(n * stride, 1, scale)},
        key{numbers(n * stride, 2, scale)}, value{numbers(n * stride, 3, 1)} {}

  static std::vector<Number> numbers(std::size_t count, unsigned seed, float scale) {
    const auto drawn = random_floats(count, seed, scale);
    std::vector<Number> made(count);
    for (std::size_t i = 0; i < count; ++i)
      if constexpr (std::is_same_v<Number, bf16_bits>)
        made[i] = to_bf16(drawn[i]);
      else
        made[i] = drawn[i];
    return made;
  }

  [[nodiscard]] cpu::attention_args<Number> args() const {
    return {tokens, head_dim, stride, query.data(), key.data(), value.data(), {}};
  }

  [[nodiscard]] std::vector<double> scores(std::size_t row) const {
    std::vector<double> out(tokens);
    for (std::size_t j = 0; j < tokens; ++j)
      for (std::size_t c = 0; c < head_dim; ++c)
        out[j] += value_of(query[row * stride + c]) * value_of(key[j * stride + c]) /
                  std::sqrt(double(head_dim));
    return out;
  }

  /// [tokens, head_dim]
  [[nodiscard]] std::vector<double> reference() const {
    std::vector<double> out(tokens * head_dim);
    for (std::size_t row = 0; row < tokens; ++row) {
      auto weights = scores(row);
      const double top = *std::max_element(weights.begin(), weights.end());
      double sum = 0;
      for (auto& weight : weights)
        sum += weight = std::exp(weight - top);
      for (std::size_t j = 0; j < tokens; ++j)
        for (std::size_t c = 0; c < head_dim; ++c)
          out[row * head_dim + c] += weights[j] / sum * value_of(value[j * stride + c]);
    }
    return out;
  }
};

BOOST_AUTO_TEST_SUITE(cpu_attention)

const std::size_t lengths[] = {1, 2, 3, 4, 5, 15, 16, 17, 32, 33, 64, 129};
const std::size_t head_dims[] = {1, 3, 8, 12, 16, 32, 33, 64, 80};

template <class Number>
void check_attention(const attention_inputs<Number>& in, double tolerance) {
  const auto size = cpu::attention_scratch(in.tokens, in.head_dim);
  // Rubbish in the scratch must not matter, and nothing behind it may be written.
  floats room(size + 16 + 1, std::nanf(""));
  auto* scratch = room.data();
  while (reinterpret_cast<std::uintptr_t>(scratch) % 64 != 0)
    ++scratch;
  const auto out_stride = in.head_dim + 2;
  floats out(in.tokens * out_stride, 77.0F), found;
  std::vector<bf16_bits> half(out.size());
  auto args = in.args();
  args.out = {out.data(), nullptr, nullptr, out_stride};
  cpu::attention(args, scratch);
  args.out = {nullptr, half.data(), nullptr, out_stride};
  cpu::attention(args, scratch);
  for (std::size_t row = 0; row < in.tokens; ++row) {
    const auto* from = out.data() + row * out_stride;
    found.insert(found.end(), from, from + in.head_dim);
    BOOST_TEST(from[in.head_dim] == 77.0F);
    BOOST_TEST(half[row * out_stride + in.head_dim] == 0);
    BOOST_TEST(std::abs(from_bf16(half[row * out_stride]) - from[0]) <= std::abs(from[0]) / 256);
  }
  BOOST_TEST(std::isnan(scratch[size]));
  check_close(found, in.reference(), tolerance);
}

BOOST_DATA_TEST_CASE(attention_is_exact,
                     data::make(targets()) * data::make(lengths) * data::make(head_dims), target,
                     tokens, head_dim) {
  const only_target scope{target};
  check_attention(attention_inputs<float>{tokens, head_dim, 1.0F}, 1e-5);
}

BOOST_DATA_TEST_CASE(attention_stands_large_scores, data::make(targets()), target) {
  // Scores of several hundreds: without subtracting the maximum every power would overflow.
  const only_target scope{target};
  check_attention(attention_inputs<float>{40, 32, 12.0F}, 2e-3);
}

const std::size_t bf16_head_dims[] = {32, 64, 96};

boost::test_tools::assertion_result has_bf16(boost::unit_test::test_unit_id) {
  boost::test_tools::assertion_result found{cpu::kernels_of(cpu::probe()).bf16_attention};
  found.message() << "this machine has no AVX512-BF16";
  return found;
}

// Weights keep 8 bits, so that a sum of values of about 1 is off by some thousandths at most.
BOOST_TEST_DECORATOR(*boost::unit_test::precondition(has_bf16))
BOOST_DATA_TEST_CASE(attention_in_bf16, data::make(lengths) * data::make(bf16_head_dims), tokens,
                     head_dim) {
  check_attention(attention_inputs<bf16_bits>{tokens, head_dim, 1.0F}, 8e-3);
}

BOOST_TEST_DECORATOR(*boost::unit_test::precondition(has_bf16))
BOOST_AUTO_TEST_CASE(attention_in_bf16_stands_large_scores) {
  check_attention(attention_inputs<bf16_bits>{40, 32, 12.0F}, 8e-3);
  check_attention(attention_inputs<bf16_bits>{40, 32, 1000.0F}, 8e-3);
}

// A number that is none is seen, in its own query's output alone.
BOOST_TEST_DECORATOR(*boost::unit_test::precondition(has_bf16))
BOOST_AUTO_TEST_CASE(attention_in_bf16_keeps_what_is_no_number) {
  attention_inputs<bf16_bits> in{20, 32, 1.0F};
  in.query[3 * in.stride + 5] = to_bf16(std::nanf(""));
  floats room(cpu::attention_scratch(in.tokens, in.head_dim) + 16), out(in.tokens * in.head_dim);
  auto* scratch = room.data();
  while (reinterpret_cast<std::uintptr_t>(scratch) % 64 != 0)
    ++scratch;
  auto args = in.args();
  args.out = {out.data(), nullptr, nullptr, in.head_dim};
  cpu::attention(args, scratch);
  for (std::size_t token = 0; token < in.tokens; ++token)
    BOOST_TEST(std::isnan(out[token * in.head_dim]) == (token == 3));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
