#pragma once

#include "kernels/bert/metrics.hpp"
#include "kernels/result.hpp"

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::bert {

/// One sentence of a labelled corpus.
struct corpus_sentence {
  std::vector<std::string> words;
  /// As many as words.
  tag_sequence tags;
  /// The line of the first word, from 1.
  std::size_t line = 0;
  /// The number of its document, from 0.
  std::size_t document = 0;
};

/// Bounds on what `parse_conll` takes.
struct corpus_limits {
  static constexpr std::size_t file_bytes = std::size_t{1} << 30;
  static constexpr std::size_t line_bytes = 1 << 16;
  static constexpr std::size_t sentence_words = 1 << 16;
};

/// Reads the format of the CoNLL shared tasks: a line per word, its columns separated by blanks or tabs, the word first and
/// its tag last; an empty line between sentences; a line that begins with -DOCSTART- before each document.
/// @param bytes  UTF-8; lines may end in CR LF, and a byte order mark is skipped. Not kept.
/// @param origin goes into error messages only.
/// @returns sentences in order, none of them empty; `bad_corpus` naming origin and line.
[[nodiscard]] result<std::vector<corpus_sentence>> parse_conll(std::string_view bytes,
                                                               const std::string& origin);

/// The same from a file. Blocks on disk. @returns also `unreadable_file`.
[[nodiscard]] result<std::vector<corpus_sentence>> load_conll(const std::filesystem::path& path);

/// How the tags spell entities: iobes where E- or S- occurs, iob1 where an I- begins an entity, else iob2.
/// @returns `bad_corpus` naming two lines when the tags mix two schemes.
[[nodiscard]] result<tag_scheme> detect_scheme(const std::vector<corpus_sentence>& sentences);

/// The same entities, read leniently, in the spelling of iob2. @returns `bad_tags` as `lenient_entities`.
[[nodiscard]] result<tag_sequence> to_iob2(const tag_sequence& tags);

} // namespace troupe::bert
