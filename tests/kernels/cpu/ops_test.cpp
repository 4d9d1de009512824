// LayerNorm, embedding and classifier against slow references in double, with odd sizes, for every instruction set of this machine.
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
