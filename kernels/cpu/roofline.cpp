#include "kernels/cpu/roofline.hpp"

#include <algorithm>
#include <cstring>
#include <ctime>
#include <omp.h>
#include <oneapi/dnnl/dnnl.hpp>
#include <vector>

namespace troupe::cpu {
namespace {

using data_type = dnnl::memory::data_type;

constexpr int runs = 9;
constexpr double least_seconds = 2e-3;

/// oneDNN reads the number of threads when a primitive is made and when it runs; the two must agree.
class one_thread_scope {
public:
  one_thread_scope() : before_{omp_get_max_threads()} { omp_set_num_threads(1); }
  ~one_thread_scope() { omp_set_num_threads(before_); }
  one_thread_scope(const one_thread_scope&) = delete;
  one_thread_scope& operator=(const one_thread_scope&) = delete;

private:
  int before_;
};

double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// The median of what one call of `work` takes.
template <class Work>
double seconds_of(const Work& work) {
  std::vector<double> taken;
  for (int run = 0; run <= runs; ++run) {
    int calls = 0;
    const double begin = thread_seconds();
    double end = begin;
    do {
      work();
      ++calls;
      end = thread_seconds();
    } while (end - begin < least_seconds);
    // The first run warms up.
    if (run > 0) taken.push_back((end - begin) / calls);
  }
  std::nth_element(taken.begin(), taken.begin() + runs / 2, taken.end());
  return taken[runs / 2];
}

struct types {
  data_type in, weight, out;
};

types types_of_product(element type) {
  if (type == element::fp32) return {data_type::f32, data_type::f32, data_type::f32};
  if (type == element::bf16) return {data_type::bf16, data_type::bf16, data_type::f32};
  return {data_type::u8, data_type::s8, data_type::s32};
}

dnnl::memory zeros(const dnnl::memory::desc& description, const dnnl::engine& device) {
  dnnl::memory made{description, device};
  std::memset(made.get_data_handle(), 0, description.get_size());
  return made;
}

} // namespace

double onednn_product_rate(element type, std::size_t rows, std::size_t inputs,
                           std::size_t outputs) {
  using tag = dnnl::memory::format_tag;
  const one_thread_scope scope;
  const auto [in, weight, out] = types_of_product(type);
  const auto m = static_cast<dnnl::memory::dim>(rows), k = static_cast<dnnl::memory::dim>(inputs);
  const auto n = static_cast<dnnl::memory::dim>(outputs);
  try {
    const dnnl::engine device{dnnl::engine::kind::cpu, 0};
    dnnl::stream stream{device};
    const dnnl::matmul::primitive_desc description{
        device, {{m, k}, in, tag::ab}, {{k, n}, weight, tag::any}, {{m, n}, out, tag::ab}};
    const dnnl::matmul product{description};
    const auto from = zeros(description.src_desc(), device);
    const auto weights = zeros(description.weights_desc(), device);
    const auto to = zeros(description.dst_desc(), device);
    const double seconds = seconds_of([&] {
      product.execute(stream,
                      {{DNNL_ARG_SRC, from}, {DNNL_ARG_WEIGHTS, weights}, {DNNL_ARG_DST, to}});
      stream.wait();
    });
    return 2.0 * static_cast<double>(rows) * static_cast<double>(inputs) *
           static_cast<double>(outputs) / seconds;
  } catch (const dnnl::error&) {
    return 0;
  }
}

double copy_rate() {
  constexpr std::size_t size = 128 << 10;
  std::vector<char> from(size, 1), to(size);
  const double seconds = seconds_of([&] {
    std::memcpy(to.data(), from.data(), size);
    // What nobody reads a compiler need not copy.
    asm volatile("" : : "r"(to.data()) : "memory");
  });
  return 2.0 * size / seconds;
}

} // namespace troupe::cpu
