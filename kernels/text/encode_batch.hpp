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
/// @param out the tokens of each text, in the order of the texts. What it held is replaced and its memory kept, which
///   makes batch after batch much cheaper than new memory for each.
/// @returns `too_long` when a text is longer than `defaults::max_text_bytes`; `out` is as it was then. Throws what an
///   encoding's memory throws, and `out` holds anything then. Any thread.
[[nodiscard]] result<void> encode_batch(const wordpiece_tokenizer& tokenizer,
                                        std::span<const std::string_view> texts,
                                        std::size_t threads, std::vector<encoding>& out);

} // namespace troupe::text
