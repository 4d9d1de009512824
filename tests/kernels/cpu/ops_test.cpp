// LayerNorm, attention and classifier against slow references in double, with odd sizes, for every instruction set of this machine.
#include "tests/kernels/cpu/ops_support.hpp"

#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <numeric>
#include <string>

namespace {

using namespace troupe;
using test::bf16_bits;
using test::check_close;
using test::check_rounded;
using test::floats;
using test::from_bf16;
using test::only_target;
using test::random_floats;
using test::sizes;
using test::targets;
namespace data = boost::unit_test::data;

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
