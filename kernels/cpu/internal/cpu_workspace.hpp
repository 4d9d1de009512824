#pragma once

#include "kernels/bert/engine.hpp"
#include "kernels/cpu/internal/aligned_buffer.hpp"
#include "kernels/cpu/internal/packed_model.hpp"
#include "kernels/cpu/onednn_product.hpp"
#include "kernels/cpu/ops.hpp"
#include "kernels/cpu/thread_team.hpp"

#include <cstddef>
#include <vector>

namespace troupe::cpu {

/// Room for the inputs of products of any type that a model uses.
class input_buffer {
public:
  input_buffer() = default;
  /// @param widest the type that needs most. Throws std::bad_alloc.
  input_buffer(std::size_t rows, std::size_t inputs, element widest, bool int8);

  /// The buffer as rows of one type.
  [[nodiscard]] input_rows as(element type);

private:
  std::size_t inputs_ = 0;
  aligned_buffer<std::byte> data_;
  aligned_buffer<float> scales_;
  aligned_buffer<std::int32_t> zeros_;
};

/// How many threads work on a batch, and how many more may (`bert::workspace::use_threads`).
struct stream_threads {
  std::size_t used = 1, spare = 0;
};

/// Everything that a forward pass writes to, allocated once. Kernels read rows in blocks; what lies behind the last token is
/// zero or left over from an earlier group, and no token ever reads it.
class cpu_workspace final : public bert::workspace {
public:
  /// Throws std::bad_alloc and std::system_error.
  /// @param use_onednn whether oneDNN multiplies.
  cpu_workspace(const packed_model& model, const bert::model_config& config, std::size_t max_tokens,
                const stream_threads& threads, bool use_onednn);

  /// oneDNN's product of such weights, null when it does not multiply here.
  [[nodiscard]] const onednn_product* onednn(const panel_layout& layout, std::size_t stride) const;

  [[nodiscard]] std::size_t max_tokens() const override { return max_tokens_; }
  void use_threads(std::size_t count) override { team.use(count); }

private:
  void add_onednn(const panel_layout& layout, std::size_t stride);

  std::size_t max_tokens_;
  struct known_product {
    panel_layout layout;
    std::size_t stride;
    std::shared_ptr<const onednn_product> product;
  };
  std::vector<known_product> onednn_;

public:
  /// Whose shapes this fits.
  const packed_model* model;
  /// Tokens of one group (see forward.hpp).
  std::size_t group_tokens;
  /// Tokens that go through half a layer together; a longer sequence goes alone.
  std::size_t piece_tokens;
  thread_team team;
  /// Floats from one row to the next.
  std::size_t hidden_stride, qkv_stride, inner_stride;
  /// [group, hidden]
  aligned_buffer<float> hidden;
  /// [piece, 3 * hidden]
  aligned_buffer<float> qkv;
  /// [piece, hidden] of attention, where the next product takes int8.
  aligned_buffer<float> context;
  /// What products read: LayerNorm's, attention's and the activation's results.
  input_buffer normed, attended, activated;
  /// [piece, intermediate] on the way to int8.
  aligned_buffer<fp16_bits> inner;
  /// One per thread.
  std::vector<aligned_buffer<float>> attention_scratch;
};

} // namespace troupe::cpu
