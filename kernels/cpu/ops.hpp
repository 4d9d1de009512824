#pragma once

#include "kernels/bert/config.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

/// The element-wise and attention kernels of the CPU engine, in the widest vectors of the machine
/// (Google Highway picks the code at run time). All of them are plain functions of their arguments:
/// they neither allocate nor check, any thread may call them, and a row's result depends on that
/// row alone. Matrices are row-major.
namespace troupe::cpu {

/// A bfloat16 number as its bits: the upper half of a float32.
using bf16_bits = std::uint16_t;

/// LayerNorm over rows of `size`: (x - mean) / sqrt(variance + epsilon) * gamma + beta.
struct norm_args {
  /// [size] each.
  const float* gamma = nullptr;
  const float* beta = nullptr;
  std::size_t size = 0;
  float epsilon = 0;
};

/// Where activations go: as float32, as bfloat16 rounded to nearest even, or both. Null means not
/// wanted.
struct activation_out {
  float* fp32 = nullptr;
  bf16_bits* bf16 = nullptr;

  /// The same place, `elements` further on.
  [[nodiscard]] activation_out at(std::size_t elements) const {
    return {fp32 ? fp32 + elements : nullptr, bf16 ? bf16 + elements : nullptr};
  }
};

/// [vocab, size], [positions, size], [types, size] float32.
struct embedding_tables {
  const float* words = nullptr;
  const float* positions = nullptr;
  const float* types = nullptr;
};

/// Writes LayerNorm(word + position + type) of one sequence, which begins at position 0.
/// @param token_ids, type_ids [tokens], inside the tables.
/// @param out [tokens, norm.size]; `out.fp32` must be given.
void embed_norm(const embedding_tables& tables, std::span<const std::int32_t> token_ids,
                std::span<const std::int32_t> type_ids, const norm_args& norm, activation_out out);

/// hidden = LayerNorm(hidden + delta + bias), row by row.
/// @param delta [rows, size] the product without its bias; @param bias [size]
/// @param hidden [rows, size] both read and written. @param copy [rows, size] a bfloat16 copy, or
/// nullptr.
void residual_norm(std::size_t rows, const float* delta, const float* bias, const norm_args& norm,
                   float* hidden, bf16_bits* copy);

/// out = act(in + bias). The exact form's absolute error is below 2e-7 (see simd_math-inl.hpp).
/// @param in [rows, columns]; may be `out.fp32`. @param bias [columns]
void bias_activation(bert::activation kind, std::size_t rows, std::size_t columns, const float* in,
                     const float* bias, activation_out out);

/// One head of one sequence.
struct attention_args {
  /// Number of tokens of the sequence, at least 1.
  std::size_t tokens = 0;
  /// Floats per head, and from one row of query, key or value to the next.
  std::size_t head_dim = 0, stride = 0;
  /// This head's columns of the first token, without their biases.
  const float* query = nullptr;
  const float* key = nullptr;
  const float* value = nullptr;
  /// [head_dim]. The key's bias adds the same number to all scores of a query, so the softmax
  /// cancels it.
  const float* query_bias = nullptr;
  const float* value_bias = nullptr;
  /// [tokens, head_dim] with rows `out_stride` apart.
  activation_out out;
  std::size_t out_stride = 0;
};

/// Floats of scratch that `attention` needs for sequences of up to `tokens` tokens.
[[nodiscard]] std::size_t attention_scratch(std::size_t tokens, std::size_t head_dim);

/// out = softmax((query + query_bias) key^T / sqrt(head_dim)) (value + value_bias), with the exact
/// softmax.
/// @param scratch `attention_scratch(tokens, head_dim)` floats, aligned to 64 bytes, of this call
/// alone.
void attention(const attention_args& args, float* scratch);

/// logits = hidden weight^T + bias. @param hidden [rows, size] @param weight [labels, size] @param
/// bias [labels]
/// @param logits [rows, labels]
void classify_rows(std::size_t rows, std::size_t size, std::size_t labels, const float* hidden,
                   const float* weight, const float* bias, float* logits);

/// The instruction set that these kernels run with here, as Highway calls it ("AVX2", "AVX3" ...).
[[nodiscard]] const char* simd_target();

} // namespace troupe::cpu
