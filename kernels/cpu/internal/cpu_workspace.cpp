#include "kernels/cpu/internal/cpu_workspace.hpp"

#include "kernels/cpu/defaults.hpp"

#include <algorithm>

namespace troupe::cpu {
namespace {

/// Bytes from a row to the next where `bytes` are needed. A kernel reads one place of many rows at once: whole pages apart they
/// would all want the same few lines of the nearest cache.
std::size_t spread(std::size_t bytes) {
  constexpr std::size_t half_page = 2048, line = 64;
  return bytes % half_page == 0 ? bytes + line : bytes;
}

/// Bytes of a row of inputs. A block of sums is stored whole, so there is room for all columns of a panel.
std::size_t row_bytes(element type, std::size_t inputs) {
  const std::size_t size = type == element::fp32 ? 4 : type == element::bf16 ? 2 : 1;
  return spread(
      std::max(round_up(inputs, panel_columns) * size, panel_layout{type, inputs, 1}.row_bytes()));
}

/// The same in floats.
std::size_t row_floats(std::size_t numbers) {
  return spread(round_up(numbers, panel_columns) * sizeof(float)) / sizeof(float);
}

/// What the products of one kind read, over all layers.
struct kinds {
  element widest = element::int8;
  bool int8 = false;

  void add(element type) {
    widest = std::min(widest, type); // fp32 comes first
    int8 |= type == element::int8;
  }
};

/// Weights of half a layer stay in the second-level cache beside a small piece where they fit; where they do not they come
/// anew for every piece, so pieces are large.
std::size_t piece_for(const packed_model& packed) {
  std::size_t bytes = 0;
  for (const auto& layer : packed.parts.layers)
    bytes = std::max({bytes, layer.qkv.layout.bytes() + layer.attention_output.layout.bytes(),
                      layer.up.layout.bytes() + layer.down.layout.bytes()});
  return bytes <= defaults::near_bytes ? defaults::near_piece_tokens : defaults::group_tokens;
}

} // namespace

input_buffer::input_buffer(std::size_t rows, std::size_t inputs, element widest, bool int8)
    : inputs_{inputs}, data_{rows * row_bytes(widest, inputs)}, scales_{int8 ? rows : 0},
      zeros_{int8 ? rows : 0} {}

input_rows input_buffer::as(element type) {
  return {type, data_.data(), row_bytes(type, inputs_),
          type == element::int8 ? scales_.data() : nullptr,
          type == element::int8 ? zeros_.data() : nullptr};
}

cpu_workspace::cpu_workspace(const packed_model& packed, const bert::model_config& config,
                             std::size_t max_tokens, const stream_threads& threads, bool use_onednn)
    : max_tokens_{max_tokens}, model{&packed},
      // A group holds whole sequences: at least the longest one there can be.
      group_tokens{std::min(max_tokens, std::max(defaults::group_tokens, config.max_positions))},
      piece_tokens{std::min(group_tokens, piece_for(packed))}, team{threads.used + threads.spare},
      hidden_stride{row_floats(config.hidden_size)}, qkv_stride{row_floats(3 * config.hidden_size)},
      inner_stride{round_up(config.intermediate_size, panel_columns)} {
  // Kernels read whole blocks of rows.
  const auto rows = group_tokens + defaults::block_rows;
  const auto longest = std::min(group_tokens, config.max_positions);
  const auto piece_rows = std::max(piece_tokens, longest) + defaults::block_rows;
  kinds hidden_kinds, context_kinds, inner_kinds;
  for (const auto& layer : packed.parts.layers) {
    hidden_kinds.add(layer.qkv.layout.type);
    hidden_kinds.add(layer.up.layout.type);
    context_kinds.add(layer.attention_output.layout.type);
    inner_kinds.add(layer.down.layout.type);
  }
  hidden = aligned_buffer<float>{rows * hidden_stride};
  qkv = aligned_buffer<float>{piece_rows * qkv_stride};
  context = aligned_buffer<float>{context_kinds.int8 ? piece_rows * hidden_stride : 0};
  normed = {rows, config.hidden_size, hidden_kinds.widest, hidden_kinds.int8};
  attended = {piece_rows, config.hidden_size, context_kinds.widest, context_kinds.int8};
  activated = {piece_rows, config.intermediate_size, inner_kinds.widest, inner_kinds.int8};
  inner = aligned_buffer<fp16_bits>{inner_kinds.int8 ? piece_rows * inner_stride : 0};
  for (std::size_t thread = 0; thread < team.size(); ++thread)
    attention_scratch.emplace_back(cpu::attention_scratch(longest, config.head_dim()));
  team.use(threads.used);
  if (!use_onednn) return;
  for (const auto& layer : packed.parts.layers) {
    for (const auto* dense : {&layer.qkv, &layer.up})
      add_onednn(dense->layout, dense->layout.type == element::fp32
                                    ? hidden_stride * sizeof(float)
                                    : normed.as(dense->layout.type).stride);
    add_onednn(layer.attention_output.layout,
               attended.as(layer.attention_output.layout.type).stride);
    add_onednn(layer.down.layout, activated.as(layer.down.layout.type).stride);
  }
}

void cpu_workspace::add_onednn(const panel_layout& layout, std::size_t stride) {
  if (onednn(layout, stride)) return;
  if (auto made = onednn_product::make(layout, stride))
    onednn_.push_back({layout, stride, std::move(made)});
}

const onednn_product* cpu_workspace::onednn(const panel_layout& layout, std::size_t stride) const {
  for (const auto& each : onednn_)
    if (each.layout == layout && each.stride == stride) return each.product.get();
  return nullptr;
}

} // namespace troupe::cpu
