// What becomes of sums: scaling, bias, activation, residual, and rounding to bytes, for every instruction set of this machine.
#include "tests/kernels/cpu/ops_support.hpp"

#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>

namespace {

using namespace troupe;
using test::floats;
using test::from_bf16;
using test::from_fp16;
using test::only_target;
using test::random_floats;
using test::sizes;
using test::targets;
namespace data = boost::unit_test::data;

BOOST_AUTO_TEST_SUITE(cpu_finish)

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

BOOST_AUTO_TEST_SUITE_END()

} // namespace
