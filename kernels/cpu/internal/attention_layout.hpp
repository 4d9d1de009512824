#pragma once

#include <cstddef>

namespace troupe::cpu {

/// Queries that one pass over the keys serves: with two vectors of keys, eight sums are under way,
/// enough to hide the latency of a fused multiply-add.
inline constexpr std::size_t attention_rows = 4;

/// Where things lie in attention's scratch, in floats: keys [head_dim, padded_tokens] at 0, then
/// queries [rows, head_dim], then scores [rows, padded_tokens].
struct attention_layout {
  /// Floats of the widest vector of any supported machine.
  static constexpr std::size_t widest = 16;

  constexpr attention_layout(std::size_t tokens, std::size_t head_dim)
      : padded_tokens{up(tokens)}, queries{head_dim * padded_tokens},
        scores{queries + up(attention_rows * head_dim)}, floats{scores +
                                                                attention_rows * padded_tokens} {}

  std::size_t padded_tokens, queries, scores, floats;

private:
  static constexpr std::size_t up(std::size_t count) {
    return (count + widest - 1) / widest * widest;
  }
};

/// The same of attention in bfloat16, in 4-byte units: keys [padded_tokens / 16, head_dim / 2, 16] pairs at 0, then
/// values [padded_tokens / 2, head_dim] pairs, then scores [rows, padded_tokens].
struct bf16_attention_layout {
  /// Queries that one pass over the keys serves: with two vectors of sums each, half of the registers of AVX-512.
  static constexpr std::size_t rows = 8;
  static constexpr std::size_t widest = 16;

  constexpr bf16_attention_layout(std::size_t tokens, std::size_t head_dim)
      : padded_tokens{(tokens + widest - 1) / widest * widest},
        values{head_dim / 2 * padded_tokens}, scores{2 * values}, floats{scores +
                                                                         rows * padded_tokens} {}

  std::size_t padded_tokens, values, scores, floats;
};

} // namespace troupe::cpu
