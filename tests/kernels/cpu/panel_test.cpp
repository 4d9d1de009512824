// Packed weights and the inner loops of products, each that this machine can run, against slow references and oneDNN.
#include "kernels/cpu/panel_kernels.hpp"
#include "kernels/cpu/probe.hpp"
#include "tests/kernels/cpu/vector_targets.hpp"

#include <algorithm>
#include <bit>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstring>
#include <hwy/targets.h>
#include <limits>
#include <oneapi/dnnl/dnnl.hpp>
#include <random>
#include <vector>

namespace {

using namespace troupe;
using cpu::element;
using test::only_target;
namespace data = boost::unit_test::data;
using floats = std::vector<float>;

/// Memory on a cache line.
template <class Element>
class lines {
public:
  explicit lines(std::size_t count, Element value = {})
      : room_(count + 64 / sizeof(Element), value) {}
  Element* data() {
    auto at = reinterpret_cast<std::uintptr_t>(room_.data());
    return reinterpret_cast<Element*>((at + 63) / 64 * 64);
  }

private:
  std::vector<Element> room_;
};

std::uint16_t to_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return static_cast<std::uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}
float from_bf16(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

/// A product of random numbers: rows of inputs in the type of the kernel, and packed weights.
struct problem {
  problem(element type, std::size_t row_count, std::size_t inputs, std::size_t outputs)
      : layout{type, inputs, outputs}, rows{row_count}, panels(layout.bytes()),
        scales(layout.columns()), sums(layout.columns()),
        // Kernels may read rows up to the next multiple of 32.
        in((rows + 32) * layout.row_bytes(), std::byte{0}) {
    std::mt19937 random{static_cast<unsigned>(rows + inputs * 31 + outputs * 977)};
    std::normal_distribution<float> normal;
    weight.resize(inputs * outputs);
    for (auto& value : weight)
      value = normal(random);
    cpu::pack_panels(layout, weight.data(), panels.data(), scales.data(), sums.data());
    values.resize(rows * inputs);
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = put(i / inputs, i % inputs, normal(random), random());
  }

  /// Writes an input. @returns what it stands for after rounding.
  float put(std::size_t row, std::size_t input, float value, std::uint_fast32_t bits) {
    auto* at = in.data() + row * layout.row_bytes();
    if (layout.type == element::fp32) {
      std::memcpy(at + input * 4, &value, 4);
      return value;
    }
    if (layout.type == element::bf16) {
      const auto half = to_bf16(value);
      std::memcpy(at + input * 2, &half, 2);
      return from_bf16(half);
    }
    at[input] = static_cast<std::byte>(bits & 0xff);
    return static_cast<float>(bits & 0xff);
  }

  /// The packed weight of an output, as it was stored.
  [[nodiscard]] double packed(std::size_t output, std::size_t input) {
    const auto per = layout.group_inputs();
    const auto* at =
        panels.data() + output / 32 * layout.panel_bytes() + input / per * 128 + output % 32 * 4;
    if (layout.type == element::int8) return static_cast<std::int8_t>(at[input % 4]);
    if (layout.type == element::bf16) {
      std::uint16_t half;
      std::memcpy(&half, at + input % 2 * 2, 2);
      return from_bf16(half);
    }
    float value;
    std::memcpy(&value, at, 4);
    return value;
  }

  [[nodiscard]] double exact(std::size_t row, std::size_t output) {
    double sum = 0;
    for (std::size_t i = 0; i < layout.inputs; ++i)
      sum += double(values[row * layout.inputs + i]) * packed(output, i);
    return sum;
  }

  /// [rows, columns] as `kernel` computes them; int32 sums as floating point.
  std::vector<double> run(const cpu::panel_kernel& kernel) {
    std::vector<double> out(rows * layout.columns());
    lines<std::int32_t> block(32 * 32);
    if (kernel.enter) kernel.enter();
    for (std::size_t panel = 0; panel < layout.panels(); ++panel)
      for (std::size_t row = 0; row < rows; row += kernel.rows()) {
        const auto count = std::min(kernel.rows(), rows - row);
        kernel.run({count, layout.groups(), in.data() + row * layout.row_bytes(),
                    layout.row_bytes(), panels.data() + panel * layout.panel_bytes(), block.data(),
                    nullptr, 0});
        for (std::size_t i = 0; i < count * 32; ++i)
          out[(row + i / 32) * layout.columns() + panel * 32 + i % 32] =
              layout.type == element::int8 ? double(block.data()[i])
                                           : double(std::bit_cast<float>(block.data()[i]));
      }
    if (kernel.leave) kernel.leave();
    return out;
  }

  cpu::panel_layout layout;
  std::size_t rows;
  lines<std::byte> panels;
  floats scales;
  std::vector<std::int32_t> sums;
  lines<std::byte> in;
  floats weight, values;
};

/// All kernels of this machine, not only the best of each type.
std::vector<cpu::panel_kernel> kernels() {
  const auto machine = cpu::probe();
  std::vector<cpu::panel_kernel> all{cpu::vector_fp32_kernel(), cpu::vector_int8_kernel()};
  if (machine.bf16) all.push_back(cpu::avx512_bf16_kernel());
  if (machine.vnni) all.push_back(cpu::avx512_int8_kernel());
  if (machine.amx) {
    all.push_back(cpu::amx_bf16_kernel());
    all.push_back(cpu::amx_int8_kernel());
  }
  return all;
}

struct shape {
  std::size_t rows, inputs, outputs;
};
const std::vector<shape> shapes{{1, 1, 1},     {3, 33, 7},     {13, 384, 32}, {14, 75, 48},
                                {15, 64, 65},  {16, 100, 100}, {17, 65, 33},  {31, 384, 96},
                                {33, 129, 31}, {70, 1536, 64}, {48, 48, 144}};

void check(problem& of, const cpu::panel_kernel& kernel) {
  const auto found = of.run(kernel);
  // int8 is exact; AMX's and AVX512-BF16's products flush what is denormal.
  for (std::size_t row = 0; row < of.rows; ++row)
    for (std::size_t output = 0; output < of.layout.columns(); ++output) {
      const double exact = output < of.layout.outputs ? of.exact(row, output) : 0.0;
      const double allowed =
          of.layout.type == element::int8 ? 0.0 : 1e-5 + 2e-6 * double(of.layout.inputs);
      const double error = std::abs(found[row * of.layout.columns() + output] - exact);
      BOOST_REQUIRE_MESSAGE(error <= allowed, kernel.name << ", row " << row << ", output "
                                                          << output << ": off by " << error);
    }
}

/// The same by oneDNN from unpacked weights.
std::vector<double> by_onednn(problem& of) {
  using namespace dnnl;
  const bool int8 = of.layout.type == element::int8;
  const auto rows = static_cast<memory::dim>(of.rows);
  const auto inputs = static_cast<memory::dim>(of.layout.inputs);
  const auto outputs = static_cast<memory::dim>(of.layout.outputs);
  engine device{engine::kind::cpu, 0};
  stream run{device};
  const auto sum_type = int8 ? memory::data_type::s32 : memory::data_type::f32;
  const auto in_type = int8 ? memory::data_type::u8 : memory::data_type::f32;
  const auto weight_type = int8 ? memory::data_type::s8 : memory::data_type::f32;
  std::vector<std::uint8_t> bytes;
  if (int8) bytes.assign(of.values.begin(), of.values.end());
  std::vector<std::int8_t> small;
  floats wide;
  for (std::size_t output = 0; output < of.layout.outputs; ++output)
    for (std::size_t i = 0; i < of.layout.inputs; ++i) {
      wide.push_back(static_cast<float>(of.packed(output, i)));
      small.push_back(static_cast<std::int8_t>(int8 ? of.packed(output, i) : 0));
    }
  memory from{{{rows, inputs}, in_type, memory::format_tag::ab},
              device,
              int8 ? static_cast<void*>(bytes.data()) : of.values.data()};
  memory weights{{{inputs, outputs}, weight_type, memory::format_tag::ba},
                 device,
                 int8 ? static_cast<void*>(small.data()) : wide.data()};
  std::vector<std::int32_t> sums(of.rows * of.layout.outputs);
  memory to{{{rows, outputs}, sum_type, memory::format_tag::ab}, device, sums.data()};
  const matmul::primitive_desc description{device, from.get_desc(), weights.get_desc(),
                                           to.get_desc()};
  matmul{description}.execute(
      run, {{DNNL_ARG_SRC, from}, {DNNL_ARG_WEIGHTS, weights}, {DNNL_ARG_DST, to}});
  run.wait();
  std::vector<double> out;
  for (const auto sum : sums)
    out.push_back(int8 ? double(sum) : double(std::bit_cast<float>(sum)));
  return out;
}

BOOST_AUTO_TEST_SUITE(cpu_panels)

BOOST_AUTO_TEST_CASE(every_kernel_multiplies) {
  for (const auto& kernel : kernels())
    for (const auto& [rows, inputs, outputs] : shapes)
      BOOST_TEST_CONTEXT(kernel.name << ": " << rows << " x " << inputs << " x " << outputs) {
        problem of{kernel.type, rows, inputs, outputs};
        check(of, kernel);
      }
}

BOOST_DATA_TEST_CASE(every_width_of_vectors, data::make(hwy::SupportedAndGeneratedTargets()),
                     target) {
  const only_target scope{target};
  for (const auto& kernel : {cpu::vector_fp32_kernel(), cpu::vector_int8_kernel()})
    for (const auto& [rows, inputs, outputs] : shapes)
      BOOST_TEST_CONTEXT(rows << " x " << inputs << " x " << outputs) {
        problem of{kernel.type, rows, inputs, outputs};
        check(of, kernel);
      }
}

BOOST_AUTO_TEST_CASE(onednn_agrees) {
  for (const auto& kernel : kernels())
    for (const auto& [rows, inputs, outputs] : shapes)
      BOOST_TEST_CONTEXT(kernel.name << ": " << rows << " x " << inputs << " x " << outputs) {
        problem of{kernel.type, rows, inputs, outputs};
        const auto found = of.run(kernel), expected = by_onednn(of);
        for (std::size_t i = 0; i < expected.size(); ++i) {
          const auto at = i / outputs * of.layout.columns() + i % outputs;
          const double allowed = kernel.type == element::int8 ? 0.0 : 1e-5 + 4e-6 * double(inputs);
          BOOST_REQUIRE(std::abs(found[at] - expected[i]) <= allowed);
        }
      }
}

BOOST_AUTO_TEST_CASE(a_row_has_the_same_sums_in_every_place) {
  // The same row everywhere: all its sums must agree to the last bit, also beside fewer rows.
  for (const auto& kernel : kernels())
    for (const std::size_t rows : {1U, 5U, 16U, 17U, 32U, 61U})
      BOOST_TEST_CONTEXT(kernel.name << ", " << rows << " rows") {
        problem of{kernel.type, rows, 200, 40}, one{kernel.type, 1, 200, 40};
        std::memcpy(of.panels.data(), one.panels.data(), one.layout.bytes());
        for (std::size_t row = 0; row < rows; ++row)
          std::memcpy(of.in.data() + row * of.layout.row_bytes(), one.in.data(),
                      of.layout.row_bytes());
        const auto alone = one.run(kernel), all = of.run(kernel);
        for (std::size_t i = 0; i < all.size(); ++i)
          BOOST_REQUIRE_EQUAL(all[i], alone[i % of.layout.columns()]);
      }
}

BOOST_AUTO_TEST_CASE(int8_weights_come_back_within_half_a_step) {
  problem of{element::int8, 1, 50, 40};
  for (std::size_t output = 0; output < 40; ++output) {
    double sum = 0;
    for (std::size_t i = 0; i < 50; ++i) {
      const double back = of.packed(output, i) * double(of.scales[output]);
      BOOST_TEST(std::abs(back - double(of.weight[output * 50 + i])) <=
                 0.501 * double(of.scales[output]));
      sum += of.packed(output, i);
    }
    BOOST_TEST(sum == of.sums[output]);
  }
}

BOOST_AUTO_TEST_CASE(an_output_without_finite_weights_is_seen) {
  const cpu::panel_layout layout{element::int8, 4, 3};
  const float infinite = std::numeric_limits<float>::infinity();
  const floats weight{1, 2, 3, 4, 0, 0, 0, 0, 1, infinite, 2, 3};
  lines<std::byte> panels(layout.bytes());
  floats scales(layout.columns());
  std::vector<std::int32_t> sums(layout.columns());
  cpu::pack_panels(layout, weight.data(), panels.data(), scales.data(), sums.data());
  BOOST_TEST(scales[0] > 0);
  BOOST_TEST(scales[1] == 0);
  BOOST_TEST(!std::isfinite(scales[2]));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
