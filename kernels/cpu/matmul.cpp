#include "kernels/cpu/matmul.hpp"

#include <algorithm>
#include <iterator>
#include <omp.h>

namespace troupe::cpu {
namespace {

using dim = dnnl::memory::dim;
using tag = dnnl::memory::format_tag;
using element = dnnl::memory::data_type;

dnnl::memory::desc matrix(std::size_t rows, std::size_t columns, element kind, tag layout) {
  return {{static_cast<dim>(rows), static_cast<dim>(columns)}, kind, layout};
}

/// The product with that many rows; `weights` may leave the layout open.
dnnl::matmul::primitive_desc describe(const dnnl::engine& engine, const dnnl::memory::desc& weights,
                                      std::size_t rows) {
  dnnl::primitive_attr attributes;
  // Scratch memory comes from the workspace: the library would keep some per thread.
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  const auto sizes = weights.get_dims();
  const auto in =
      matrix(rows, static_cast<std::size_t>(sizes[0]), weights.get_data_type(), tag::ab);
  const auto out = matrix(rows, static_cast<std::size_t>(sizes[1]), element::f32, tag::ab);
  return {engine, in, weights, out, attributes};
}

} // namespace

thread_count_scope::thread_count_scope(std::size_t threads) : before_{omp_get_max_threads()} {
  omp_set_num_threads(static_cast<int>(threads));
}

thread_count_scope::~thread_count_scope() {
  omp_set_num_threads(before_);
}

matmul::matmul(const dnnl::engine& engine, std::size_t inputs, std::size_t outputs, element kind)
    : engine_{engine}, inputs_{inputs}, outputs_{outputs}, type_{kind} {
  const auto largest = candidate_rows[std::size(candidate_rows) - 1];
  const auto packed =
      describe(engine, matrix(inputs, outputs, kind, tag::any), largest).weights_desc();
  for (const auto rows : candidate_rows) {
    const auto description = describe(engine, packed, rows);
    shapes_.push_back({rows, description, dnnl::matmul{description}});
  }
}

dnnl::memory matmul::pack(std::span<const float> weight) const {
  // oneDNN only reads what it reorders from, but its interface knows no constant memory.
  dnnl::memory plain{matrix(inputs_, outputs_, element::f32, tag::ba), engine_,
                     const_cast<float*>(weight.data())};
  dnnl::memory packed{shapes_.back().description.weights_desc(), engine_};
  dnnl::stream stream{engine_};
  dnnl::reorder{plain, packed}.execute(stream, plain, packed);
  stream.wait();
  return packed;
}

matmul::call matmul::prepare(std::size_t rows, void* scratch) const {
  const auto& description = of(rows).description;
  call made{
      {description.src_desc(), engine_, nullptr}, {description.dst_desc(), engine_, nullptr}, {}};
  made.arguments = {{DNNL_ARG_SRC, made.in},
                    {DNNL_ARG_DST, made.out},
                    {DNNL_ARG_WEIGHTS, {}},
                    {DNNL_ARG_SCRATCHPAD, {description.scratchpad_desc(), engine_, scratch}}};
  return made;
}

void matmul::run(const dnnl::stream& stream, std::size_t rows, call& with,
                 const dnnl::memory& weight, const void* in, float* out) const {
  with.in.set_data_handle(const_cast<void*>(in));
  with.out.set_data_handle(out);
  with.arguments[DNNL_ARG_WEIGHTS] = weight;
  of(rows).primitive.execute(stream, with.arguments);
}

std::size_t matmul::scratch_bytes() const {
  std::size_t most = 0;
  for (const auto& each : shapes_)
    most = std::max(most, each.description.scratchpad_desc().get_size());
  return most;
}

const matmul::shape& matmul::of(std::size_t rows) const {
  return *std::find_if(shapes_.begin(), shapes_.end(), [&](auto& s) { return s.rows == rows; });
}

} // namespace troupe::cpu
