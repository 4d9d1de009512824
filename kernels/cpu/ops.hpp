#pragma once

#include "kernels/bert/config.hpp"
#include "kernels/cpu/panels.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

/// The element-wise and attention kernels of the CPU engine, in the widest vectors of the machine
/// (Google Highway picks the code at run time). All of them are plain functions of their arguments:
/// they neither allocate nor check, any thread may call them, and a row's result depends on that
/// row alone. Matrices are row-major.
namespace troupe::cpu {

/// A bfloat16 number as its bits: the upper half of a float32. A binary16 number as its bits.
using bf16_bits = std::uint16_t;
using fp16_bits = std::uint16_t;

/// The inputs of a product, in its type. With int8, number = (byte - zero) * scale, with a scale and a zero for each row.
struct input_rows {
  element type = element::fp32;
  std::byte* data = nullptr;
  /// Bytes from one row to the next, a multiple of 64.
  std::size_t stride = 0;
  /// [rows] with int8, else null.
  float* scales = nullptr;
  std::int32_t* zeros = nullptr;

  /// The same from row `first` on.
  [[nodiscard]] input_rows from(std::size_t first) const {
    return {type, data + first * stride, stride, scales ? scales + first : nullptr,
            zeros ? zeros + first : nullptr};
  }
};

/// Rounds rows of float32 to the type of a product's inputs.
/// @param in [rows, size] `in_stride` floats apart.
void convert_rows(std::size_t rows, std::size_t size, const float* in, std::size_t in_stride,
                  const input_rows& out);

/// The same of binary16, to int8 only.
void quantize_fp16_rows(std::size_t rows, std::size_t size, const fp16_bits* in,
                        std::size_t in_stride, const input_rows& out);

/// LayerNorm over rows of `size`: (x - mean) / sqrt(variance + epsilon) * gamma + beta.
struct norm_args {
  /// [size] each.
  const float* gamma = nullptr;
  const float* beta = nullptr;
  std::size_t size = 0;
  float epsilon = 0;
};

/// Rows of float32, and the same rounded for the product that reads them next; no rounding where that product takes float32.
struct norm_out {
  /// [rows, size] `stride` floats apart.
  float* rows = nullptr;
  std::size_t stride = 0;
  input_rows next;

  [[nodiscard]] norm_out from(std::size_t first) const {
    return {rows + first * stride, stride, next.type == element::fp32 ? next : next.from(first)};
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
void embed_norm(const embedding_tables& tables, std::span<const std::int32_t> token_ids,
                std::span<const std::int32_t> type_ids, const norm_args& norm, const norm_out& out);

/// Normalises `rows` rows in place.
void norm_rows(std::size_t rows, const norm_args& norm, const norm_out& out);

/// Sums that a kernel left, on their way to numbers: 32 outputs of some rows.
struct sums_block {
  /// [rows, 32] `stride` numbers apart: int32 where `row_scales` is given, else float32.
  const void* sums = nullptr;
  std::size_t stride = panel_columns, rows = 0;
  /// [rows] and [32] of int8, else null: number = (sum - zero * column sum) * row scale * column scale.
  const float* row_scales = nullptr;
  const std::int32_t* row_zeros = nullptr;
  const float* column_scales = nullptr;
  const std::int32_t* column_sums = nullptr;
  /// [32]
  const float* bias = nullptr;
};

/// Where the numbers go: one of the three, `stride` elements from row to row.
struct number_out {
  float* fp32 = nullptr;
  bf16_bits* bf16 = nullptr;
  fp16_bits* fp16 = nullptr;
  std::size_t stride = 0;

  /// The same place, further on.
  [[nodiscard]] number_out at(std::size_t row, std::size_t column) const {
    const std::size_t by = row * stride + column;
    return {fp32 ? fp32 + by : nullptr, bf16 ? bf16 + by : nullptr, fp16 ? fp16 + by : nullptr,
            stride};
  }
};

/// out = sums + bias.
void finish_linear(const sums_block& block, const number_out& out);
/// out = act(sums + bias). The exact form's absolute error is below 2e-7 (see simd_math-inl.hpp) before rounding; a number
/// beyond the range of binary16 becomes the nearest end of it.
void finish_activation(bert::activation kind, const sums_block& block, const number_out& out);
/// hidden += sums + bias. @param hidden [rows, 32] `stride` floats apart.
void finish_residual(const sums_block& block, float* hidden, std::size_t stride);

/// One head of one sequence, in float32 or bfloat16.
template <class Number>
struct attention_args {
  /// Number of tokens of the sequence, at least 1.
  std::size_t tokens = 0;
  /// Numbers per head, and from one row of query, key or value to the next.
  std::size_t head_dim = 0, stride = 0;
  /// This head's columns of the first token.
  const Number* query = nullptr;
  const Number* key = nullptr;
  const Number* value = nullptr;
  /// [tokens, head_dim], as float32 or bfloat16.
  number_out out;
};

/// Floats of scratch that `attention` needs for sequences of up to `tokens` tokens.
[[nodiscard]] std::size_t attention_scratch(std::size_t tokens, std::size_t head_dim);

/// out = softmax(query key^T / sqrt(head_dim)) value, with the exact softmax.
/// @param scratch `attention_scratch(tokens, head_dim)` floats, aligned to 64 bytes, of this call
/// alone.
void attention(const attention_args<float>& args, float* scratch);

/// The same from bfloat16 numbers, with the weights of values rounded to bfloat16 and sums in float32. Only where the
/// machine has AVX512-BF16.
/// @param args `head_dim` a multiple of `bf16_head_step`, `stride` even.
void attention(const attention_args<bf16_bits>& args, float* scratch);
inline constexpr std::size_t bf16_head_step = 32;

/// logits = hidden weight^T + bias. @param hidden [rows, size] `stride` floats apart. @param weight [labels, size] @param
/// bias [labels]
/// @param logits [rows, labels]
struct classifier_args {
  std::size_t size = 0, labels = 0;
  const float* weight = nullptr;
  const float* bias = nullptr;
};
void classify_rows(const classifier_args& head, std::size_t rows, const float* hidden,
                   std::size_t stride, float* logits);

/// The instruction set that these kernels run with here, as Highway calls it ("AVX2", "AVX3" ...).
[[nodiscard]] const char* simd_target();

} // namespace troupe::cpu
