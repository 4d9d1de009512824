#pragma once

#include "kernels/bert/engine.hpp"
#include "kernels/cpu/internal/aligned_buffer.hpp"
#include "kernels/cpu/internal/packed_model.hpp"
#include "kernels/cpu/ops.hpp"

#include <cstddef>
#include <vector>

namespace troupe::cpu {

/// Everything that a forward pass writes to, allocated once. The rows of a group are rounded up to
/// whole products; what lies behind the last token is zero or left over from an earlier group, and
/// no token ever reads it.
class cpu_workspace final : public bert::workspace {
public:
  /// Throws std::bad_alloc and dnnl::error.
  cpu_workspace(const packed_model& model, const bert::model_config& config, bool bf16,
                std::size_t max_tokens, std::size_t threads);

  [[nodiscard]] std::size_t max_tokens() const override { return max_tokens_; }

  /// The arguments of one product for each of the model's row sizes.
  using calls = std::vector<matmul::call>;

private:
  std::size_t max_tokens_;

public:
  /// Whose shapes this fits.
  const packed_model* model;
  /// Tokens of one group (see forward.hpp).
  std::size_t group_tokens;
  dnnl::stream stream;
  /// What oneDNN wants; products run one after the other, so they share it.
  aligned_buffer<std::byte> product_scratch;
  calls qkv_calls, attention_output_calls, up_calls, down_calls;
  /// [group, hidden]
  aligned_buffer<float> hidden;
  /// [group, 3 * hidden]
  aligned_buffer<float> qkv;
  /// [group, hidden], with bf16 products in `context_bf16` instead; inputs of products are kept in
  /// their type.
  aligned_buffer<float> context;
  aligned_buffer<bf16_bits> context_bf16, hidden_bf16;
  /// [most rows, intermediate]
  aligned_buffer<float> inner;
  aligned_buffer<bf16_bits> inner_bf16;
  /// [most rows, hidden] a product on its way to the residual sum.
  aligned_buffer<float> delta;
  /// One per thread.
  std::vector<aligned_buffer<float>> attention_scratch;
};

} // namespace troupe::cpu
