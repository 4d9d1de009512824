#include "kernels/bert/decode.hpp"

#include "kernels/bert/errors.hpp"
#include "kernels/bert/piece_text.hpp"
#include "kernels/bert/viterbi.hpp"
#include "kernels/text/offsets.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

namespace troupe::bert {
namespace {

constexpr std::array<std::string_view, 6> aggregation_names{"none",    "simple", "first",
                                                            "average", "max",    "viterbi"};

/// A label and its probability.
struct choice {
  std::size_t label = 0;
  double score = 0;
};

/// A token, or a word of several: what grouping joins.
struct unit {
  choice best;
  std::size_t first = 0, last = 0; // tokens [first, last)
};

/// The softmax of `row`, which is finite, into `out`.
void softmax(std::span<const float> row, std::vector<double>& out) {
  const double peak = *std::max_element(row.begin(), row.end());
  double sum = 0;
  for (std::size_t i = 0; i < row.size(); ++i)
    sum += out[i] = std::exp(double{row[i]} - peak);
  for (double& value : out)
    value /= sum;
}

/// Ties go to the lower label.
choice best_of(const std::vector<double>& probabilities) {
  const auto top = std::max_element(probabilities.begin(), probabilities.end());
  return {static_cast<std::size_t>(top - probabilities.begin()), *top};
}

/// Decodes one window; lives for one call of `decode_window`.
class window_decoder {
public:
  window_decoder(std::string_view text, std::span<const decode_token> tokens,
                 std::span<const float> logits, const label_set& labels, const decode_options& how)
      : text_(text), tokens_(tokens), logits_(logits), labels_(labels), how_(how.how),
        by_ids_(how.by_word_ids()), row_(labels.size()) {}

  std::vector<byte_span> run() {
    choose_units();
    if (how_ == aggregation::viterbi) choose_path();
    return how_ == aggregation::none ? single_pieces() : groups();
  }

private:
  [[nodiscard]] std::string_view slice(const decode_token& token) const {
    return text_.substr(token.start, token.end - token.start);
  }

  /// Whether a token that is not the first belongs to the word of the last unit.
  [[nodiscard]] bool continues_word(const decode_token& token) const {
    if (by_ids_) return token.word == tokens_[units_.back().last - 1].word;
    return !token.unknown && codepoints(token.piece) != codepoints(slice(token));
  }

  [[nodiscard]] std::span<const float> logits_of(std::size_t token) const {
    return logits_.subspan(token * labels_.size(), labels_.size());
  }

  /// Fills `units_` with the tokens (none, simple) or the words (the others).
  void choose_units() {
    const bool words = how_ != aggregation::none && how_ != aggregation::simple;
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      if (tokens_[i].special) continue;
      softmax(logits_of(i), row_);
      if (words && !units_.empty() && continues_word(tokens_[i]))
        extend_word(i);
      else
        start_unit(i);
    }
    finish_mean();
  }

  /// Replaces the best label of each unit by that of the best path through all of them.
  void choose_path() {
    std::vector<std::span<const float>> rows;
    for (const unit& word : units_)
      rows.push_back(logits_of(word.first));
    const auto path = best_path(rows, labels_);
    for (std::size_t i = 0; i < units_.size(); ++i) {
      softmax(rows[i], row_);
      units_[i].best = {path[i], row_[path[i]]};
    }
  }

  void start_unit(std::size_t token) {
    finish_mean();
    units_.push_back({best_of(row_), token, token + 1});
    sum_ = row_;
    pieces_ = 1;
  }

  void extend_word(std::size_t token) {
    unit& word = units_.back();
    word.last = token + 1;
    if (how_ == aggregation::max) {
      const choice here = best_of(row_);
      if (here.score > word.best.score) word.best = here;
    } else if (how_ == aggregation::average) {
      std::transform(sum_.begin(), sum_.end(), row_.begin(), sum_.begin(), std::plus<>{});
      ++pieces_;
    }
  }

  /// Labels the last word by the mean of its pieces' probabilities.
  void finish_mean() {
    if (pieces_ < 2) return;
    for (double& value : sum_)
      value /= static_cast<double>(pieces_);
    units_.back().best = best_of(sum_);
  }

  [[nodiscard]] std::vector<byte_span> single_pieces() const {
    std::vector<byte_span> spans;
    for (const unit& piece : units_) {
      if (labels_.name(piece.best.label) == "O") continue;
      const decode_token& token = tokens_[piece.first];
      spans.push_back({piece.best.label, piece.best.score, token.start, token.end, unit_text(piece),
                       static_cast<std::int32_t>(piece.first)});
    }
    return spans;
  }

  [[nodiscard]] std::vector<byte_span> groups() const {
    std::vector<byte_span> spans;
    for (std::size_t first = 0, last = 0; first < units_.size(); first = last) {
      for (last = first + 1; last < units_.size(); ++last)
        if (!labels_.continues(units_[last - 1].best.label, units_[last].best.label)) break;
      if (labels_.tag(units_[first].best.label) != "O")
        spans.push_back(group({units_.data() + first, last - first}));
    }
    return spans;
  }

  [[nodiscard]] byte_span group(std::span<const unit> members) const {
    double sum = 0;
    piece_joiner word;
    for (const unit& member : members) {
      sum += member.best.score;
      word.add(unit_text(member));
    }
    return {members.front().best.label,
            sum / static_cast<double>(members.size()),
            tokens_[members.front().first].start,
            tokens_[members.back().last - 1].end,
            std::move(word).text(),
            -1};
  }

  [[nodiscard]] std::string unit_text(const unit& which) const {
    piece_joiner joined;
    for (std::size_t i = which.first; i < which.last; ++i)
      if (!tokens_[i].special)
        joined.add(tokens_[i].unknown ? slice(tokens_[i]) : tokens_[i].piece);
    return std::move(joined).text();
  }

  std::string_view text_;
  std::span<const decode_token> tokens_;
  std::span<const float> logits_;
  const label_set& labels_;
  aggregation how_;
  bool by_ids_;
  std::vector<double> row_; // probabilities of the current token
  std::vector<double> sum_; // ... summed over the pieces of the last word
  std::size_t pieces_ = 0;
  std::vector<unit> units_;
};

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
  const auto bad =
      std::find_if(logits.begin(), logits.end(), [](float value) { return !std::isfinite(value); });
  if (bad == logits.end()) return {};
  const auto token = static_cast<std::size_t>(bad - logits.begin()) / labels.size();
  return fail(bert_errc::engine_failure,
              "the model's output for token " + std::to_string(token) +
                  " is not a finite number; its weights are damaged or too large for the "
                  "chosen precision");
}

std::vector<byte_span> decode_checked(std::string_view text, std::span<const decode_token> tokens,
                                      std::span<const float> logits, const label_set& labels,
                                      const decode_options& how) {
  return window_decoder{text, tokens, logits, labels, how}.run();
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
    span.start_byte = found.start;
    span.end_byte = found.end;
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
