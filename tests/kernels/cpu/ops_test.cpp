// The vector kernels against slow references in double, with odd sizes, for every instruction set of this machine.
#include "kernels/cpu/ops.hpp"

#include <algorithm>
#include <bit>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <hwy/targets.h>
#include <numeric>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace troupe;
using cpu::bf16_bits;
namespace data = boost::unit_test::data;
using floats = std::vector<float>;

/// Holds Highway down to one instruction set for a scope.
struct only_target {
  explicit only_target(std::int64_t target) { hwy::SetSupportedTargetsForTest(target); }
  ~only_target() { hwy::SetSupportedTargetsForTest(0); }
};

/// Every instruction set that is compiled in and that this machine has.
std::vector<std::int64_t> targets() {
  return hwy::SupportedAndGeneratedTargets();
}

floats random_floats(std::size_t count, unsigned seed, float scale = 1) {
  std::mt19937 random{seed};
  std::normal_distribution<float> normal{0, scale};
  floats values(count);
  for (auto& value : values)
    value = normal(random);
  return values;
}

float from_bf16(bf16_bits bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

void check_close(const floats& found, const std::vector<double>& expected, double tolerance) {
  BOOST_REQUIRE_EQUAL(found.size(), expected.size());
  double largest = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const double error = std::abs(static_cast<double>(found[i]) - expected[i]);
    if (!(error <= largest)) largest = error;
  }
  BOOST_TEST(largest <= tolerance);
}

/// A bfloat16 result must be the nearest one to the float32 result, ties to even: half a unit of the last of its bits.
void check_rounded(const std::vector<bf16_bits>& found, const floats& exact) {
  for (std::size_t i = 0; i < exact.size(); ++i) {
    const auto bits = std::bit_cast<std::uint32_t>(exact[i]);
    const auto rest = bits & 0xffffU;
    const bool up = rest > 0x8000U || (rest == 0x8000U && (bits >> 16 & 1));
    BOOST_REQUIRE_EQUAL(found[i], static_cast<bf16_bits>((bits >> 16) + up));
  }
}

std::vector<double> norm_reference(const std::vector<double>& rows, const floats& gamma,
                                   const floats& beta, double epsilon) {
  const auto size = gamma.size();
  auto out = rows;
  for (std::size_t at = 0; at < rows.size(); at += size) {
    const double mean = std::accumulate(&rows[at], &rows[at] + size, 0.0) / double(size);
    double variance = 0;
    for (std::size_t i = 0; i < size; ++i)
      variance += (rows[at + i] - mean) * (rows[at + i] - mean) / double(size);
    for (std::size_t i = 0; i < size; ++i)
      out[at + i] = (rows[at + i] - mean) / std::sqrt(variance + epsilon) * double(gamma[i]) +
                    double(beta[i]);
  }
  return out;
}

const std::size_t sizes[] = {1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 48, 96, 100, 384, 771};

BOOST_AUTO_TEST_SUITE(cpu_ops)

BOOST_AUTO_TEST_CASE(this_machine_has_instruction_sets) {
  BOOST_TEST(!targets().empty());
  for (const auto target : targets()) {
    const only_target scope{target};
    BOOST_TEST(cpu::simd_target() == std::string{hwy::TargetName(target)});
  }
}

BOOST_DATA_TEST_CASE(embedding_and_norm, data::make(targets()) * data::make(sizes), target, size) {
  const only_target scope{target};
  const auto words = random_floats(11 * size, 1), positions = random_floats(6 * size, 2);
  const auto types = random_floats(3 * size, 3), gamma = random_floats(size, 4);
  const auto beta = random_floats(size, 5);
  const std::vector<std::int32_t> ids{10, 0, 3, 3, 7}, type_ids{0, 2, 1, 0, 2};
  floats out(ids.size() * size);
  std::vector<bf16_bits> half(out.size());
  cpu::embed_norm({words.data(), positions.data(), types.data()}, ids, type_ids,
                  {gamma.data(), beta.data(), size, 1e-5F}, {out.data(), half.data()});
  std::vector<double> sums;
  for (std::size_t t = 0; t < ids.size(); ++t)
    for (std::size_t i = 0; i < size; ++i)
      sums.push_back(double(words[std::size_t(ids[t]) * size + i]) +
                     double(positions[t * size + i]) +
                     double(types[std::size_t(type_ids[t]) * size + i]));
  check_close(out, norm_reference(sums, gamma, beta, 1e-5), 2e-5);
  check_rounded(half, out);
}

BOOST_DATA_TEST_CASE(residual_and_norm, data::make(targets()) * data::make(sizes), target, size) {
  const only_target scope{target};
  constexpr std::size_t rows = 3;
  auto hidden = random_floats(rows * size, 1);
  const auto delta = random_floats(rows * size, 2), bias = random_floats(size, 3);
  const auto gamma = random_floats(size, 4), beta = random_floats(size, 5);
  std::vector<double> sums;
  for (std::size_t i = 0; i < hidden.size(); ++i)
    sums.push_back(double(hidden[i]) + double(delta[i]) + double(bias[i % size]));
  std::vector<bf16_bits> half(hidden.size());
  cpu::residual_norm(rows, delta.data(), bias.data(), {gamma.data(), beta.data(), size, 1e-5F},
                     hidden.data(), half.data());
  check_close(hidden, norm_reference(sums, gamma, beta, 1e-5), 2e-5);
  check_rounded(half, hidden);
}

BOOST_DATA_TEST_CASE(norm_of_a_large_mean, data::make(targets()), target) {
  // Variance from the mean of squares would lose everything here.
  const only_target scope{target};
  constexpr std::size_t size = 384;
  auto hidden = random_floats(size, 1);
  for (auto& value : hidden)
    value += 1000;
  const std::vector<double> before(hidden.begin(), hidden.end());
  const floats zeros(size), ones(size, 1.0F);
  cpu::residual_norm(1, zeros.data(), zeros.data(), {ones.data(), zeros.data(), size, 1e-12F},
                     hidden.data(), nullptr);
  check_close(hidden, norm_reference(before, ones, zeros, 1e-12), 5e-4);
}

/// From far below to far above what activations reach, with the neighbourhoods of 0 and of the cut at 6.
floats activation_inputs() {
  floats inputs{0.0F,       -0.0F, 1e-30F, -1e-30F, 6.0F,   -6.0F, 5.999999F,
                -5.999999F, 1e4F,  -1e4F,  88.0F,   -88.0F, 1e30F, -1e30F};
  for (int i = -16000; i <= 16000; ++i)
    inputs.push_back(static_cast<float>(i) / 1600);
  return inputs;
}

double gelu(double x) {
  return x * std::erfc(-x / std::sqrt(2.0)) / 2;
}
double gelu_new(double x) {
  const double u = std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x);
  return x * (1 + std::tanh(u)) / 2;
}

BOOST_DATA_TEST_CASE(activations_are_exact_to_float32, data::make(targets()) * data::make({0, 1}),
                     target, tanh_form) {
  const only_target scope{target};
  const auto kind = tanh_form ? bert::activation::gelu_new : bert::activation::gelu;
  const auto inputs = activation_inputs();
  const floats bias(inputs.size());
  floats out(inputs.size());
  cpu::bias_activation(kind, 1, inputs.size(), inputs.data(), bias.data(), {out.data(), nullptr});
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const double x = inputs[i], exact = kind == bert::activation::gelu ? gelu(x) : gelu_new(x);
    // What rounding the result alone costs, and 2e-7 of our own.
    const double allowed = 2e-7 + 1.2e-7 * std::abs(exact);
    BOOST_TEST(std::abs(double(out[i]) - exact) <= allowed, "at " << x << ": " << out[i]);
  }
}

BOOST_DATA_TEST_CASE(bias_goes_with_its_column, data::make(targets()) * data::make(sizes), target,
                     size) {
  const only_target scope{target};
  constexpr std::size_t rows = 2;
  auto values = random_floats(rows * size, 1);
  const auto bias = random_floats(size, 2);
  std::vector<double> expected;
  for (std::size_t i = 0; i < values.size(); ++i)
    expected.push_back(gelu(double(values[i]) + double(bias[i % size])));
  std::vector<bf16_bits> half(values.size());
  floats separate(values.size());
  cpu::bias_activation(bert::activation::gelu, rows, size, values.data(), bias.data(),
                       {separate.data(), half.data()});
  check_close(separate, expected, 1e-6);
  check_rounded(half, separate);
  cpu::bias_activation(bert::activation::gelu, rows, size, values.data(), bias.data(),
                       {values.data(), nullptr});
  BOOST_TEST(values == separate, boost::test_tools::per_element());
}

struct attention_inputs {
  std::size_t tokens, head_dim, stride;
  floats query, key, value, query_bias, value_bias;

  attention_inputs(std::size_t n, std::size_t d, float scale)
      : tokens{n}, head_dim{d}, stride{3 * d + 1}, query{random_floats(n * stride, 1, scale)},
        key{random_floats(n * stride, 2, scale)}, value{random_floats(n * stride, 3)},
        query_bias{random_floats(d, 4)}, value_bias{random_floats(d, 5)} {}

  [[nodiscard]] cpu::attention_args args() const {
    cpu::attention_args args;
    args.tokens = tokens;
    args.head_dim = head_dim;
    args.stride = stride;
    args.query = query.data();
    args.key = key.data();
    args.value = value.data();
    args.query_bias = query_bias.data();
    args.value_bias = value_bias.data();
    return args;
  }

  [[nodiscard]] std::vector<double> scores(std::size_t row) const {
    std::vector<double> out(tokens);
    for (std::size_t j = 0; j < tokens; ++j)
      for (std::size_t c = 0; c < head_dim; ++c)
        out[j] += (double(query[row * stride + c]) + double(query_bias[c])) *
                  double(key[j * stride + c]) / std::sqrt(double(head_dim));
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
          out[row * head_dim + c] +=
              weights[j] / sum * (double(value[j * stride + c]) + double(value_bias[c]));
    }
    return out;
  }
};

const std::size_t lengths[] = {1, 2, 3, 4, 5, 15, 16, 17, 32, 33, 64, 129};
const std::size_t head_dims[] = {1, 3, 8, 12, 16, 32, 33, 64, 80};

void check_attention(const attention_inputs& in, double tolerance) {
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
  args.out = {out.data(), half.data()};
  args.out_stride = out_stride;
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
  check_attention({tokens, head_dim, 1.0F}, 1e-5);
}

BOOST_DATA_TEST_CASE(attention_stands_large_scores, data::make(targets()), target) {
  // Scores of several hundreds: without subtracting the maximum every power would overflow.
  const only_target scope{target};
  check_attention({40, 32, 12.0F}, 2e-3);
}

BOOST_DATA_TEST_CASE(classifier, data::make(targets()) * data::make(sizes), target, size) {
  const only_target scope{target};
  constexpr std::size_t rows = 3, labels = 5;
  const auto hidden = random_floats(rows * size, 1), weight = random_floats(labels * size, 2);
  const auto bias = random_floats(labels, 3);
  std::vector<double> expected;
  for (std::size_t row = 0; row < rows; ++row)
    for (std::size_t label = 0; label < labels; ++label) {
      double sum = bias[label];
      for (std::size_t i = 0; i < size; ++i)
        sum += double(hidden[row * size + i]) * double(weight[label * size + i]);
      expected.push_back(sum);
    }
  floats logits(rows * labels);
  cpu::classify_rows(rows, size, labels, hidden.data(), weight.data(), bias.data(), logits.data());
  check_close(logits, expected, 1e-4);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
