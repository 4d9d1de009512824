#include "kernels/bert/decode.hpp"

#include "kernels/bert/errors.hpp"
#include "kernels/bert/piece_decoder.hpp"
#include "kernels/bert/piece_text.hpp"
#include "kernels/text/offsets.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace troupe::bert {
namespace {

constexpr std::array<std::string_view, 6> aggregation_names{"none",    "simple", "first",
                                                            "average", "max",    "viterbi"};

} // namespace

result<aggregation> parse_aggregation(std::string_view name) {
  for (std::size_t i = 0; i < aggregation_names.size(); ++i)
    if (aggregation_names[i] == name) return static_cast<aggregation>(i);
  return fail(bert_errc::bad_options,
              "unknown aggregation '" + std::string{name} +
                  "'; there are none, simple, first, average, max, viterbi");
}

std::string_view to_string(aggregation how) {
  return aggregation_names[static_cast<std::size_t>(how)];
}

result<void> check_window(std::string_view text, std::span<const decode_token> tokens,
                          std::span<const float> logits, const label_set& labels) {
  if (labels.size() == 0 || logits.size() != tokens.size() * labels.size())
    return fail(bert_errc::bad_batch, std::to_string(logits.size()) + " logits for " +
                                          std::to_string(tokens.size()) + " tokens and " +
                                          std::to_string(labels.size()) + " labels");
  for (std::size_t i = 0; i < tokens.size(); ++i)
    if (tokens[i].start > tokens[i].end || tokens[i].end > text.size())
      return fail(bert_errc::bad_batch, "token " + std::to_string(i) +
                                            " lies outside its text of " +
                                            std::to_string(text.size()) + " bytes");
  return check_finite(logits, labels.size());
}

result<void> check_finite(std::span<const float> logits, std::size_t labels) {
  const auto bad =
      std::find_if(logits.begin(), logits.end(), [](float value) { return !std::isfinite(value); });
  if (bad == logits.end()) return {};
  const auto token = static_cast<std::size_t>(bad - logits.begin()) / labels;
  return fail(bert_errc::engine_failure,
              "the model's output for token " + std::to_string(token) +
                  " is not a finite number; its weights are damaged or too large for the "
                  "chosen precision");
}

std::vector<byte_span> decode_checked(std::string_view text, std::span<const decode_token> tokens,
                                      std::span<const float> logits, const label_set& labels,
                                      const decode_options& how) {
  piece_decoder decoder{labels, how};
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const decode_token& token = tokens[i];
    if (token.special) continue;
    const auto source = text.substr(token.start, token.end - token.start);
    decoder.push({token.piece, source, codepoints(source), token.start, token.end, token.unknown,
                  token.word, static_cast<std::int32_t>(i)},
                 logits.subspan(i * labels.size(), labels.size()));
  }
  decoder.close();
  return decoder.take();
}

result<std::vector<byte_span>> decode_window(std::string_view text,
                                             std::span<const decode_token> tokens,
                                             std::span<const float> logits, const label_set& labels,
                                             const decode_options& how) {
  if (auto checked = check_window(text, tokens, logits, labels); !checked)
    return tl::unexpected(std::move(checked.error()));
  return decode_checked(text, tokens, logits, labels, how);
}

std::vector<ner_span> locate(std::string_view text, std::vector<byte_span> spans,
                             const label_set& labels, aggregation how) {
  text::offset_index offsets{text};
  std::vector<ner_span> located;
  located.reserve(spans.size());
  for (byte_span& found : spans) {
    ner_span& span = located.emplace_back();
    span.label =
        how == aggregation::none ? labels.name(found.label) : std::string{labels.tag(found.label)};
    span.score = found.score;
    span.start_byte = static_cast<std::uint32_t>(found.start);
    span.end_byte = static_cast<std::uint32_t>(found.end);
    span.start_codepoint = offsets.codepoint(found.start);
    span.start_utf16 = offsets.utf16(found.start);
    span.end_codepoint = offsets.codepoint(found.end);
    span.end_utf16 = offsets.utf16(found.end);
    span.word = std::move(found.word);
    span.index = found.index;
  }
  return located;
}

} // namespace troupe::bert
