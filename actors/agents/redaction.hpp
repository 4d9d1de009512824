#pragma once

#include "actors/agents/spans.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

/// From found spans to a text without them. Pure functions, any thread; texts are valid UTF-8; everything is
/// O(n log n) in the number of spans and linear in the text.
namespace troupe::agents {

/// Makes whole words of a model's word-piece spans: spans of one label that touch become one (score: the higher), then
/// every span grows to the edges of the words it cuts, so that no half word stays readable.
/// @param spans any order, may overlap; those outside the text, empty, or cutting a code point are dropped.
/// @returns in order of start; spans of different labels can overlap now: `merge_spans` settles that.
[[nodiscard]] std::vector<pii_span> whole_words(std::string_view text, std::vector<pii_span> spans);

/// Settles overlaps. Where two spans cover the same place this one keeps it, in this order: a number with check digits
/// (IBAN, PAYMENT_CARD), another rule, the model, the context; then the longer, the one with the higher score, the earlier, the label first in the alphabet. The other keeps what it alone
/// covers, unless that is only spaces and punctuation. So whatever any span covered stays covered, letter by letter.
/// @returns in order of position, without overlap.
[[nodiscard]] std::vector<pii_span> merge_spans(std::string_view text, std::vector<pii_span> spans);

enum class redaction_style {
  /// [EMAIL]
  mask,
  /// [EMAIL_3f9a1c], see `pseudonym`.
  pseudonyms,
};

/// A span and what stands in its place.
struct redaction {
  pii_span span;
  std::string replacement;
  /// Bytes of the redacted text.
  byte_span redacted;
};

struct redacted_text {
  std::string text;
  /// In order of position, without overlap.
  std::vector<redaction> redactions;
};

/// @param spans in order, without overlap, inside the text: as `merge_spans` returns them.
/// @param key for pseudonyms; not looked at for masks.
[[nodiscard]] redacted_text apply_redactions(std::string_view text, std::span<const pii_span> spans,
                                             redaction_style style, std::string_view key);

/// Translates byte positions between the original and the redacted text. Outside of redactions the two correspond one
/// to one; a position inside of one goes to its start, or to its end where an end is asked for.
class redaction_map {
public:
  /// @param redactions as in `redacted_text`; copied.
  explicit redaction_map(std::span<const redaction> redactions);
  [[nodiscard]] std::size_t to_redacted(std::size_t original, bool is_end = false) const;
  [[nodiscard]] std::size_t to_original(std::size_t redacted, bool is_end = false) const;
  /// Whether `span` of the original text shares a byte with a redaction.
  [[nodiscard]] bool touches(byte_span original) const;

private:
  struct entry {
    byte_span original;
    byte_span redacted;
  };
  std::vector<entry> entries_;
};

} // namespace troupe::agents
