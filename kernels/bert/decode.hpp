#pragma once

#include "kernels/bert/labels.hpp"
#include "kernels/result.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::bert {

/// How the labels of word pieces become entities; all but the last are the strategies of the Hugging
/// Face token-classification pipeline, with its results.
enum class aggregation {
  /// Every piece with a label other than "O", by itself, label with B-/I-.
  none,
  /// Each piece takes its best label; neighbours of one tag join.
  simple,
  /// As `simple`, over words: a word takes the label and score of its first piece.
  first,
  /// ... the best label of the mean of its pieces' probabilities.
  average,
  /// ... the label and score of the piece with the highest single probability.
  max,
  /// As `first`, but the words' labels are the most probable sequence in which I-X only follows B-X
  /// or I-X (see viterbi.hpp). Scores are those of the first pieces, as trainers count only these.
  viterbi
};

/// Which pieces are one word, for the aggregations that look at words.
enum class word_grouping {
  /// `ids` for viterbi, else `pipeline`.
  automatic,
  /// A piece continues a word when its length differs from its source's, as in the Hugging Face
  /// pipeline: a word with a deleted character inside joins the word before it.
  pipeline,
  /// Pieces of one pre-token of the tokenizer: runs without blanks and punctuation.
  ids
};

/// What becomes of pieces that two windows of a long text share.
enum class window_policy {
  /// `farthest` for none and viterbi, else `pipeline`.
  automatic,
  /// Windows are decoded one by one and their entities merged, as the Hugging Face pipeline does.
  pipeline,
  /// Every piece has its probabilities from the window in which it lies farthest from a cut, and the
  /// text is decoded as a whole: no entity is cut, however long. Takes 4 bytes per piece and label.
  farthest
};

/// One way to decode. An aggregation alone means its own defaults.
struct decode_options {
  decode_options(aggregation by = aggregation::simple,
                 word_grouping grouping = word_grouping::automatic,
                 window_policy policy = window_policy::automatic)
      : how{by}, words{grouping}, windows{policy} {}

  aggregation how;
  word_grouping words;
  window_policy windows;

  [[nodiscard]] bool by_word_ids() const {
    return words == word_grouping::ids ||
           (words == word_grouping::automatic && how == aggregation::viterbi);
  }
  /// Aggregation none knows no merging, whatever is asked for.
  [[nodiscard]] bool by_farthest_window() const {
    return how == aggregation::none || windows == window_policy::farthest ||
           (windows == window_policy::automatic && how == aggregation::viterbi);
  }
};

/// @returns `bad_options` listing the names when `name` is none of them.
[[nodiscard]] result<aggregation> parse_aggregation(std::string_view name);
[[nodiscard]] std::string_view to_string(aggregation how);

/// A labelled stretch of the original text; all offsets are half-open [start, end).
struct ner_span {
  /// Without B-/I-; with it for `aggregation::none`.
  std::string label;
  /// Probability in (0, 1]; for a group the mean over its pieces or words.
  double score = 0;
  std::uint32_t start_byte = 0, end_byte = 0;
  std::uint32_t start_codepoint = 0, end_codepoint = 0;
  std::uint32_t start_utf16 = 0, end_utf16 = 0;
  /// What the model saw: pieces joined with "##" glued, lower-cased for an uncased model; the
  /// source text where a piece is unknown to the vocabulary.
  std::string word;
  /// Position of the piece in the token sequence, [CLS] being 0; only for `aggregation::none`,
  /// else -1.
  std::int32_t index = -1;

  bool operator==(const ner_span&) const = default;
};

/// What decoding needs to know of one token.
struct decode_token {
  /// Its text in the vocabulary, "##" included.
  std::string_view piece;
  /// Its bytes in the original text.
  std::uint32_t start = 0, end = 0;
  /// Added by the tokenizer ([CLS], [SEP]): never part of an entity.
  bool special = false;
  /// The unknown piece.
  bool unknown = false;
  /// The pre-token it is a piece of; counts for `word_grouping::ids` only.
  std::int32_t word = -1;
};

/// An entity before its offsets are translated.
struct byte_span {
  /// Index into the `label_set`; of a group, the label of its first member.
  std::size_t label = 0;
  double score = 0;
  std::uint64_t start = 0, end = 0;
  std::string word;
  /// Position in the window; -1 for a group.
  std::int32_t index = -1;
};

/// The entities of one window, in text order, those labelled "O" left out.
/// @param text   UTF-8, the whole original text that the tokens' offsets refer to.
/// @param tokens [n] the window with its special tokens.
/// @param logits [n, labels] float32, row-major; not kept.
/// @returns `bad_batch` when the shapes disagree or an offset lies outside the text,
///          `engine_failure` when a logit is not a finite number.
/// Source: the behaviour of transformers' TokenClassificationPipeline. A piece continues a word when
/// its length, "##" included, differs from that of its source slice (in code points), not when its
/// word id says so; neighbours in the token sequence join, whatever lies between them in the text.
/// One deviation: only B- and I- count as a prefix, so a label like "GIVEN-NAME" stays whole.
[[nodiscard]] result<std::vector<byte_span>>
decode_window(std::string_view text, std::span<const decode_token> tokens,
              std::span<const float> logits, const label_set& labels, const decode_options& how);

/// The checks of `decode_window`, and its work after them.
[[nodiscard]] result<void> check_window(std::string_view text, std::span<const decode_token> tokens,
                                        std::span<const float> logits, const label_set& labels);
/// The part of it that looks at [tokens, labels] logits.
[[nodiscard]] result<void> check_finite(std::span<const float> logits, std::size_t labels);
[[nodiscard]] std::vector<byte_span>
decode_checked(std::string_view text, std::span<const decode_token> tokens,
               std::span<const float> logits, const label_set& labels, const decode_options& how);

/// Adds code-point and UTF-16 offsets and the labels' names.
/// @param text UTF-8. @param spans in rising order, else each step back costs a scan from the start.
[[nodiscard]] std::vector<ner_span> locate(std::string_view text, std::vector<byte_span> spans,
                                           const label_set& labels, aggregation how);

} // namespace troupe::bert
