#pragma once

#include "kernels/result.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

/// How good labels are: entity level as the library seqeval counts it, token level as scikit-learn's
/// classification report does. Plain functions; any thread.
namespace troupe::bert {

/// How tags spell entities. In all of them "O" is outside and "B-X" begins an X.
enum class tag_scheme {
  /// I-X only continues an X.
  iob2,
  /// I-X begins an X too; B-X only stands where an X touches another X.
  iob1,
  /// The last tag of an entity is E-X, and one of a single word is S-X.
  iobes
};

/// @returns `bad_options` listing the names (iob2, iob1, iobes) when `name` is none of them.
[[nodiscard]] result<tag_scheme> parse_tag_scheme(std::string_view name);
[[nodiscard]] std::string_view to_string(tag_scheme scheme);

/// The tags of one sentence, a tag per word: "O" or a prefix B, I, E or S with "-" and a type.
using tag_sequence = std::vector<std::string>;

/// Whether `text` has the form of a tag.
[[nodiscard]] bool is_tag(std::string_view text);

/// An entity of one sentence: words [first, last], the last one included.
struct tagged_entity {
  std::string type;
  std::size_t first = 0, last = 0;

  bool operator==(const tagged_entity&) const = default;
  bool operator<(const tagged_entity& other) const {
    return std::tie(type, first, last) < std::tie(other.type, other.first, other.last);
  }
};

/// The entities of one sentence in rising order, read leniently: seqeval without a mode, and the
/// CoNLL script before it. A tag that its scheme does not allow at its place begins an entity.
/// @returns `bad_tags` naming the word, for a tag of another form than `tag_sequence` says.
[[nodiscard]] result<std::vector<tagged_entity>> lenient_entities(const tag_sequence& tags);

/// The entities of one sentence in rising order that are spelled as `scheme` wants it; other tags are
/// dropped. seqeval's mode "strict". @returns also `bad_tags` for a prefix that the scheme lacks.
[[nodiscard]] result<std::vector<tagged_entity>> strict_entities(const tag_sequence& tags,
                                                                 tag_scheme scheme);

/// All in [0, 1]; what would be 0/0 is 0.
struct score {
  double precision = 0, recall = 0, f1 = 0;
  /// Entities or tokens that truly are of this class.
  std::size_t support = 0;
};

/// One line per class, and their averages.
struct metrics_report {
  struct line {
    std::string name;
    score value;
  };
  std::vector<line> classes;
  /// Over all classes together.
  score micro;
  /// The plain mean over the classes; without any class its figures are NaN.
  score macro;
  /// The mean over the classes, each counted as often as its support.
  score weighted;
  /// Part of the tokens with the right tag. Only where the classes are all tags that occur: it is then
  /// what `micro` says three times.
  std::optional<double> accuracy;
  /// Print supports as "7.0": scikit-learn does so where no token at all is right, and reports are
  /// compared as text.
  bool fractional_support = false;
};

/// Entity level, one class per type, sorted. An entity counts as found when type and both ends agree.
/// @param strict the scheme for `strict_entities`, of the true tags too; empty for `lenient_entities`.
/// @returns `bad_tags` naming sentence and word, also when the two differ in shape.
[[nodiscard]] result<metrics_report> entity_report(std::span<const tag_sequence> truth,
                                                   std::span<const tag_sequence> predicted,
                                                   std::optional<tag_scheme> strict = {});

/// Token level, one class per tag.
/// @param tags the classes in this order; all that occur, sorted, when empty.
/// @returns `bad_tags` when the two differ in shape.
[[nodiscard]] result<metrics_report> token_report(std::span<const tag_sequence> truth,
                                                  std::span<const tag_sequence> predicted,
                                                  std::span<const std::string> tags = {});

/// The part of the tokens with the right tag, 0 without any token. @returns as `token_report`.
[[nodiscard]] result<double> token_accuracy(std::span<const tag_sequence> truth,
                                            std::span<const tag_sequence> predicted);

/// The report as scikit-learn and seqeval print it, with `digits` (0 to 15) behind the point.
[[nodiscard]] std::string to_text(const metrics_report& report, int digits = 2);

} // namespace troupe::bert
