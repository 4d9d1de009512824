#include "kernels/cpu/internal/cpu_workspace.hpp"

#include "kernels/cpu/defaults.hpp"

#include <algorithm>

namespace troupe::cpu {
namespace {

std::size_t scratch_bytes(const packed_model::products& multiply) {
  return std::max({multiply.qkv.scratch_bytes(), multiply.attention_output.scratch_bytes(),
                   multiply.up.scratch_bytes(), multiply.down.scratch_bytes()});
}

cpu_workspace::calls prepare(const packed_model& model, const matmul& product, void* scratch) {
  cpu_workspace::calls made;
  for (const auto rows : model.row_sizes)
    made.push_back(product.prepare(rows, scratch));
  return made;
}

} // namespace

cpu_workspace::cpu_workspace(const packed_model& packed, const bert::model_config& config,
                             bool bf16, std::size_t max_tokens, std::size_t threads)
    : max_tokens_{max_tokens}, model{&packed},
      // A group holds whole sequences: at least the longest one there can be.
      group_tokens{std::min(max_tokens, std::max(defaults::group_tokens, config.max_positions))},
      stream{packed.device}, product_scratch{scratch_bytes(packed.multiply)} {
  const auto size = config.hidden_size;
  const auto rows = group_tokens + packed.most_rows();
  qkv_calls = prepare(packed, packed.multiply.qkv, product_scratch.data());
  attention_output_calls =
      prepare(packed, packed.multiply.attention_output, product_scratch.data());
  up_calls = prepare(packed, packed.multiply.up, product_scratch.data());
  down_calls = prepare(packed, packed.multiply.down, product_scratch.data());
  hidden = aligned_buffer<float>{rows * size};
  qkv = aligned_buffer<float>{rows * 3 * size};
  context = aligned_buffer<float>{bf16 ? 0 : rows * size};
  context_bf16 = aligned_buffer<bf16_bits>{bf16 ? rows * size : 0};
  hidden_bf16 = aligned_buffer<bf16_bits>{bf16 ? rows * size : 0};
  inner = aligned_buffer<float>{packed.most_rows() * config.intermediate_size};
  inner_bf16 = aligned_buffer<bf16_bits>{bf16 ? inner.size() : 0};
  delta = aligned_buffer<float>{packed.most_rows() * size};
  const auto longest = std::min(group_tokens, config.max_positions);
  for (std::size_t thread = 0; thread < threads; ++thread)
    attention_scratch.emplace_back(cpu::attention_scratch(longest, config.head_dim()));
}

} // namespace troupe::cpu
