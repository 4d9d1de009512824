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

} // namespace troupe::cpu
