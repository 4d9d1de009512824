#pragma once

#include "kernels/result.hpp"
#include "kernels/text/wordpiece.hpp"

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace troupe::text {

/// Encodes many texts as `wordpiece_tokenizer::encode` does, on several threads: this one and up to `threads` - 1 that
/// live as long as the call. Which thread takes which text is not fixed; the answer does not depend on it.
/// @param threads as many as are to compute; 0 counts as 1. Where the system has no more threads to give, it goes on with
///   those it has.
/// @returns the tokens of each text, in the order of the texts; `too_long` when one is longer than
///   `defaults::max_text_bytes`. Throws what an encoding's memory throws. Any thread.
[[nodiscard]] result<std::vector<encoding>> encode_batch(const wordpiece_tokenizer& tokenizer,
                                                         std::span<const std::string_view> texts,
                                                         std::size_t threads);

} // namespace troupe::text
