#pragma once

#include "kernels/result.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace troupe::cli {

/// Texts to measure with.
struct bench_texts {
  std::vector<std::string> texts;
  /// The file's name without its folder, or "shipped documents".
  std::string source;
  [[nodiscard]] std::size_t bytes() const;
};

/// How a file of texts reads.
enum class text_format {
  /// By the first line that is not empty: columns that end in O, B-... or I-... (or -DOCSTART-) are CoNLL.
  automatic,
  /// One word per line in the first column, an empty line after each sentence; words are joined by one space.
  conll,
  /// One text per line; empty lines are left out.
  lines
};

/// The texts of `file`, or of the documents shipped with troupe when the name is empty.
/// @returns an error naming the file: unreadable, larger than `text_source` takes, no texts in it.
[[nodiscard]] result<bench_texts> read_bench_texts(const std::string& file, text_format format);

/// The texts of CoNLL columns, see `text_format::conll`.
[[nodiscard]] std::vector<std::string> conll_sentences(const std::vector<std::string>& lines);

} // namespace troupe::cli
