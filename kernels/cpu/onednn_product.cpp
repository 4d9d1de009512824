#include "kernels/cpu/onednn_product.hpp"

#include <algorithm>
#include <memory>
#include <omp.h>
#include <oneapi/dnnl/dnnl.hpp>
#include <vector>

namespace troupe::cpu {
namespace {

using memory = dnnl::memory;

/// Types of inputs, weights and sums, and the name that oneDNN has for the panels.
struct product_types {
  memory::data_type in, weight, sum;
  memory::format_tag panels;
  std::size_t in_bytes;
};

product_types product_types_of(element type) {
  using kind = memory::data_type;
  using tag = memory::format_tag;
  if (type == element::fp32) return {kind::f32, kind::f32, kind::f32, tag::BA16a32b, 4};
  if (type == element::bf16) return {kind::bf16, kind::bf16, kind::f32, tag::BA16a32b2a, 2};
  return {kind::u8, kind::s8, kind::s32, tag::BA16a32b4a, 1};
}

class product_of_panels final : public onednn_product {
public:
  /// Throws dnnl::error.
  product_of_panels(const panel_layout& layout, std::size_t stride)
      : description_{describe(layout, stride)}, product_{description_} {}

  void run(const std::byte* inputs, const std::byte* panels, void* sums) const override {
    // The threads are ours; oneDNN must not start some of its own.
    omp_set_num_threads(1);
    // oneDNN only reads inputs and weights, but its interface knows no constant memory.
    const memory from{description_.src_desc(), device_, const_cast<std::byte*>(inputs)};
    const memory weights{description_.weights_desc(), device_, const_cast<std::byte*>(panels)};
    const memory to{description_.dst_desc(), device_, sums};
    // oneDNN's own scratch memory belongs to the primitive: two threads at once would share it.
    const auto scratch_size = description_.scratchpad_desc().get_size();
    static thread_local std::vector<std::byte> room;
    room.resize(std::max(room.size(), scratch_size + alignment));
    void* at = room.data();
    std::size_t space = room.size();
    const memory scratch{description_.scratchpad_desc(), device_,
                         std::align(alignment, scratch_size, at, space)};
    dnnl::stream stream{device_};
    product_.execute(stream, {{DNNL_ARG_SRC, from},
                              {DNNL_ARG_WEIGHTS, weights},
                              {DNNL_ARG_DST, to},
                              {DNNL_ARG_SCRATCHPAD, scratch}});
    stream.wait();
  }

private:
  static constexpr std::size_t alignment = 64;

  [[nodiscard]] dnnl::matmul::primitive_desc describe(const panel_layout& layout,
                                                      std::size_t stride) const {
    omp_set_num_threads(1);
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    const auto types = product_types_of(layout.type);
    const auto size = [](std::size_t count) { return static_cast<memory::dim>(count); };
    const memory::dims in{size(rows), size(layout.inputs)}, out{size(rows), size(layout.columns())};
    return {device_,
            {in, types.in, memory::dims{size(stride / types.in_bytes), 1}},
            {{size(layout.inputs), size(layout.columns())}, types.weight, types.panels},
            {out, types.sum, memory::format_tag::ab},
            attributes};
  }

  dnnl::engine device_{dnnl::engine::kind::cpu, 0};
  dnnl::matmul::primitive_desc description_;
  dnnl::matmul product_;
};

} // namespace

std::shared_ptr<const onednn_product> onednn_product::make(const panel_layout& layout,
                                                           std::size_t stride) {
  try {
    auto made = std::make_shared<product_of_panels>(layout, stride);
    return made;
  } catch (const dnnl::error&) {
    return nullptr;
  }
}

} // namespace troupe::cpu
