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

float from_fp16(std::uint16_t bits) {
  const float size =
      std::ldexp(static_cast<float>(bits & 0x3ffU) / 1024 + ((bits >> 10 & 31U) != 0),
                 std::max(1, static_cast<int>(bits >> 10 & 31U)) - 15);
  return (bits & 0x8000U) != 0 ? -size : size;
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

/// Rows with room between them, and their copies as bfloat16.
class normed_rows {
public:
  normed_rows(std::size_t rows, std::size_t size)
      : rows_{rows}, size_{size}, stride_{size + 3}, values_(rows * stride_, 77.0F),
        half_(rows * half_stride()) {}

  [[nodiscard]] cpu::norm_out out() {
    return {values_.data(),
            stride_,
            {cpu::element::bf16, reinterpret_cast<std::byte*>(half_.data()),
             half_stride() * sizeof(bf16_bits), nullptr, nullptr}};
  }
  void put(const floats& values) {
    for (std::size_t row = 0; row < rows_; ++row)
      std::copy_n(values.data() + row * size_, size_, values_.data() + row * stride_);
  }
  [[nodiscard]] floats numbers() const { return without_gaps(values_, stride_, 77.0F); }
  [[nodiscard]] std::vector<bf16_bits> rounded() const {
    return without_gaps(half_, half_stride(), bf16_bits{0});
  }

private:
  [[nodiscard]] std::size_t half_stride() const { return (size_ + 32) / 32 * 32; }

  template <class Values>
  Values without_gaps(const Values& values, std::size_t stride,
                      typename Values::value_type gap) const {
    Values found;
    for (std::size_t row = 0; row < rows_; ++row) {
      const auto* from = values.data() + row * stride;
      found.insert(found.end(), from, from + size_);
      BOOST_TEST(from[size_] == gap);
    }
    return found;
  }

  std::size_t rows_, size_, stride_;
  floats values_;
  std::vector<bf16_bits> half_;
};

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
  normed_rows to{ids.size(), size};
  cpu::embed_norm({words.data(), positions.data(), types.data()}, ids, type_ids,
                  {gamma.data(), beta.data(), size, 1e-5F}, to.out());
  std::vector<double> sums;
  for (std::size_t t = 0; t < ids.size(); ++t)
    for (std::size_t i = 0; i < size; ++i)
      sums.push_back(double(words[std::size_t(ids[t]) * size + i]) +
                     double(positions[t * size + i]) +
                     double(types[std::size_t(type_ids[t]) * size + i]));
  check_close(to.numbers(), norm_reference(sums, gamma, beta, 1e-5), 2e-5);
  check_rounded(to.rounded(), to.numbers());
}

BOOST_DATA_TEST_CASE(norm_in_place, data::make(targets()) * data::make(sizes), target, size) {
  const only_target scope{target};
  constexpr std::size_t rows = 3;
  const auto hidden = random_floats(rows * size, 1);
  const auto gamma = random_floats(size, 4), beta = random_floats(size, 5);
  normed_rows to{rows, size};
  to.put(hidden);
  cpu::norm_rows(rows, {gamma.data(), beta.data(), size, 1e-5F}, to.out());
  const std::vector<double> exact(hidden.begin(), hidden.end());
  check_close(to.numbers(), norm_reference(exact, gamma, beta, 1e-5), 2e-5);
  check_rounded(to.rounded(), to.numbers());
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
  cpu::norm_rows(1, {ones.data(), zeros.data(), size, 1e-12F}, {hidden.data(), size, {}});
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

/// 32 columns of sums as a kernel leaves them; unused rows are rubbish.
struct float_sums {
  explicit float_sums(const floats& values) : sums(values), bias(cpu::panel_columns) {
    sums.resize((values.size() + cpu::panel_columns - 1) / cpu::panel_columns * cpu::panel_columns);
  }
  [[nodiscard]] cpu::sums_block block() const {
    cpu::sums_block made;
    made.sums = sums.data();
    made.rows = sums.size() / cpu::panel_columns;
    made.bias = bias.data();
    return made;
  }
  floats sums, bias;
};

bert::activation kind_of(bool tanh_form) {
  return tanh_form ? bert::activation::gelu_new : bert::activation::gelu;
}

BOOST_DATA_TEST_CASE(activations_are_exact_to_float32, data::make(targets()) * data::make({0, 1}),
                     target, tanh_form) {
  const only_target scope{target};
  const float_sums in{activation_inputs()};
  floats out(in.sums.size());
  cpu::finish_activation(kind_of(tanh_form), in.block(),
                         {out.data(), nullptr, nullptr, cpu::panel_columns});
  for (std::size_t i = 0; i < out.size(); ++i) {
    const double x = in.sums[i], exact = tanh_form ? gelu_new(x) : gelu(x);
    // What rounding the result alone costs, and 2e-7 of our own.
    const double allowed = 2e-7 + 1.2e-7 * std::abs(exact);
    BOOST_TEST(std::abs(double(out[i]) - exact) <= allowed, "at " << x << ": " << out[i]);
  }
}

BOOST_DATA_TEST_CASE(activations_for_16_bits, data::make(targets()) * data::make({0, 1}), target,
                     tanh_form) {
  // What is rounded to 16 bits afterwards may be less exact before, but less than the rounding costs.
  const only_target scope{target};
  const float_sums in{activation_inputs()};
  std::vector<std::uint16_t> bf16(in.sums.size()), fp16(in.sums.size());
  cpu::finish_activation(kind_of(tanh_form), in.block(),
                         {nullptr, bf16.data(), nullptr, cpu::panel_columns});
  cpu::finish_activation(kind_of(tanh_form), in.block(),
                         {nullptr, nullptr, fp16.data(), cpu::panel_columns});
  for (std::size_t i = 0; i < bf16.size(); ++i) {
    const double x = in.sums[i], exact = tanh_form ? gelu_new(x) : gelu(x);
    BOOST_TEST(std::abs(from_bf16(bf16[i]) - exact) <= 4e-6 + std::abs(exact) / 256,
               "at " << x << ": " << from_bf16(bf16[i]));
    const double bounded = std::clamp(exact, -65504.0, 65504.0);
    // Where the processor has no binary16 the rounding is towards zero.
    BOOST_TEST(std::abs(from_fp16(fp16[i]) - bounded) <= 4e-6 + std::abs(bounded) / 1000,
               "at " << x << ": " << from_fp16(fp16[i]));
  }
}

BOOST_DATA_TEST_CASE(sums_become_numbers, data::make(targets()), target) {
  // Zeros and scales of int8, biases, a residual: each with its own row and column.
  const only_target scope{target};
  constexpr std::size_t rows = 5, columns = cpu::panel_columns, stride = columns + 8;
  const auto bias = random_floats(columns, 1), scales = random_floats(columns, 2);
  const auto row_scales = random_floats(rows, 3), hidden = random_floats(rows * stride, 4);
  std::vector<std::int32_t> sums(rows * columns), column_sums(columns), zeros(rows);
  std::mt19937 random{5};
  for (auto* each : {&sums, &column_sums})
    for (auto& value : *each)
      value = static_cast<std::int32_t>(random() % 2'000'000) - 1'000'000;
  for (auto& value : zeros)
    value = static_cast<std::int32_t>(random() % 256);
  cpu::sums_block block;
  block.sums = sums.data();
  block.rows = rows;
  block.row_scales = row_scales.data();
  block.row_zeros = zeros.data();
  block.column_scales = scales.data();
  block.column_sums = column_sums.data();
  block.bias = bias.data();
  floats linear(rows * stride, 77.0F), residual = hidden;
  cpu::finish_linear(block, {linear.data(), nullptr, nullptr, stride});
  cpu::finish_residual(block, residual.data(), stride);
  for (std::size_t row = 0; row < rows; ++row)
    for (std::size_t column = 0; column < columns; ++column) {
      const auto whole = std::int64_t{sums[row * columns + column]} -
                         std::int64_t{zeros[row]} * column_sums[column];
      const double exact = static_cast<double>(static_cast<std::int32_t>(whole)) *
                               double(row_scales[row]) * double(scales[column]) +
                           double(bias[column]);
      const double allowed = 1e-6 + std::abs(exact) * 5e-7;
      const auto at = row * stride + column;
      BOOST_TEST(std::abs(linear[at] - exact) <= allowed);
      BOOST_TEST(std::abs(residual[at] - (exact + double(hidden[at]))) <= 2 * allowed);
    }
  BOOST_TEST(linear[columns] == 77.0F);
  BOOST_TEST(residual[columns] == hidden[columns]);
}

/// What a row of bytes stands for.
std::vector<double> from_bytes(const cpu::input_rows& rows, std::size_t row, std::size_t size) {
  std::vector<double> out;
  for (std::size_t i = 0; i < size; ++i)
    out.push_back((static_cast<int>(rows.data[row * rows.stride + i]) - rows.zeros[row]) *
                  double(rows.scales[row]));
  return out;
}

BOOST_DATA_TEST_CASE(rows_become_bytes, data::make(targets()) * data::make(sizes), target, size) {
  // Every number comes back within half a step, and 0 as 0; a row of zeros, one of one sign, one number far out.
  const only_target scope{target};
  constexpr std::size_t rows = 5;
  const auto in_stride = size + 1, stride = (size + 63) / 64 * 64 + 64;
  auto in = random_floats(rows * in_stride, 1, 3.0F);
  std::fill_n(in.data(), size, 0.0F);
  for (std::size_t i = 0; i < size; ++i)
    in[in_stride + i] = std::abs(in[in_stride + i]) + 1;
  in[2 * in_stride] = 1e6F;
  for (std::size_t i = 0; i < size; ++i)
    in[3 * in_stride + i] *= 1e-30F;
  std::vector<std::byte> bytes(rows * stride, std::byte{99});
  floats scales(rows);
  std::vector<std::int32_t> zeros(rows);
  const cpu::input_rows out{cpu::element::int8, bytes.data(), stride, scales.data(), zeros.data()};
  cpu::convert_rows(rows, size, in.data(), in_stride, out);
  for (std::size_t row = 0; row < rows; ++row) {
    const auto found = from_bytes(out, row, size);
    BOOST_TEST((zeros[row] >= 0 && zeros[row] <= 255));
    for (std::size_t i = 0; i < size; ++i)
      BOOST_TEST(std::abs(found[i] - in[row * in_stride + i]) <= 0.51 * scales[row],
                 "row " << row << ": " << found[i] << " for " << in[row * in_stride + i]);
    BOOST_TEST((bytes[row * stride + size] == std::byte{99}));
  }
}

BOOST_DATA_TEST_CASE(what_is_no_number_is_seen_in_the_scale, data::make(targets()), target) {
  const only_target scope{target};
  for (const float odd : {std::nanf(""), HUGE_VALF, -HUGE_VALF})
    for (const std::size_t place : {std::size_t{0}, std::size_t{17}, std::size_t{39}}) {
      auto in = random_floats(40, 1);
      in[place] = odd;
      std::vector<std::byte> bytes(64);
      float scale = 0;
      std::int32_t zero = 0;
      cpu::convert_rows(1, 40, in.data(), 40,
                        {cpu::element::int8, bytes.data(), 64, &scale, &zero});
      BOOST_TEST(!std::isfinite(scale));
    }
}

struct attention_inputs {
  std::size_t tokens, head_dim, stride;
  floats query, key, value;

  attention_inputs(std::size_t n, std::size_t d, float scale)
      : tokens{n}, head_dim{d}, stride{3 * d + 1}, query{random_floats(n * stride, 1, scale)},
        key{random_floats(n * stride, 2, scale)}, value{random_floats(n * stride, 3)} {}

  [[nodiscard]] cpu::attention_args args() const {
    cpu::attention_args args;
    args.tokens = tokens;
    args.head_dim = head_dim;
    args.stride = stride;
    args.query = query.data();
    args.key = key.data();
    args.value = value.data();
    return args;
  }

  [[nodiscard]] std::vector<double> scores(std::size_t row) const {
    std::vector<double> out(tokens);
    for (std::size_t j = 0; j < tokens; ++j)
      for (std::size_t c = 0; c < head_dim; ++c)
        out[j] += double(query[row * stride + c]) * double(key[j * stride + c]) /
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
          out[row * head_dim + c] += weights[j] / sum * double(value[j * stride + c]);
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
  cpu::classify_rows({size, labels, weight.data(), bias.data()}, rows, hidden.data(), size,
                     logits.data());
  check_close(logits, expected, 1e-4);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
