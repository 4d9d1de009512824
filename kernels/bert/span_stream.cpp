#include "kernels/bert/span_stream.hpp"

#include "kernels/bert/errors.hpp"
#include "kernels/text/offsets.hpp"
#include "kernels/text/utf8.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

namespace troupe::bert {
namespace {

constexpr std::size_t window_specials = 2; // [CLS] and [SEP]

/// Translates offsets of a repaired part into places of the whole text. Queries must not fall.
class locator {
public:
  locator(stream_position base, std::string_view bytes, const text::repaired& repaired)
      : base_{base}, is_original_{repaired.replaced == 0}, codepoints_{repaired.text}, bytes_{
                                                                                           bytes} {}

  stream_position operator()(std::size_t offset) {
    return {base_.byte + (is_original_ ? offset : bytes_.original(offset)),
            base_.codepoint + codepoints_.codepoint(offset)};
  }

private:
  stream_position base_;
  bool is_original_;
  text::offset_index codepoints_;
  text::original_index bytes_;
};

} // namespace

result<span_stream> span_stream::make(std::shared_ptr<const ner_model> model,
                                      const decode_options& how, const window_options& windows) {
  const auto cut = model->window_cut_of(windows);
  if (!cut) return tl::unexpected(cut.error());
  if (auto tried = model->tokenizer().encode_windows({}, cut->length, cut->stride); !tried)
    return tl::unexpected(std::move(tried.error()));
  return span_stream{std::move(model), how, *cut};
}

span_stream::span_stream(std::shared_ptr<const ner_model> model, const decode_options& how,
                         const ner_model::window_cut& cut)
    : model_{std::move(model)}, how_{how}, room_{cut.length - window_specials},
      step_{room_ - cut.stride}, decoder_{model_->labels(), how} {}

result<void> span_stream::push(std::string_view bytes) {
  if (bytes.size() > defaults::max_text_bytes)
    return fail(bert_errc::bad_text, "a part of " + std::to_string(bytes.size()) +
                                         " bytes is longer than " +
                                         std::to_string(defaults::max_text_bytes));
  const auto& tokenizer = model_->tokenizer();
  const text::repaired repaired = text::repair_utf8(bytes);
  tokenizer.encode_into(repaired.text, encoded_);
  const text::encoding& encoded = encoded_;
  // Several pieces may share a stretch, so starts and ends rise each by themselves only.
  locator starts{end_, bytes, repaired}, ends{end_, bytes, repaired};
  for (std::size_t i = 1; i + 1 < encoded.size(); ++i) {
    const auto [start, end] = encoded.offsets[i];
    const bool unknown = encoded.token_ids[i] == tokenizer.unk_id();
    pieces_.push_back(
        {encoded.token_ids[i], encoded.token_type_ids[i],
         static_cast<std::int32_t>(words_ + static_cast<std::uint32_t>(encoded.word_ids[i])),
         unknown ? repaired.text.substr(start, end - start) : std::string{}, starts(start),
         ends(end)});
  }
  if (!pieces_.empty()) words_ = static_cast<std::uint32_t>(pieces_.back().word) + 1;
  end_ = {end_.byte + bytes.size(), ends(repaired.text.size()).codepoint};
  return {};
}

bool span_stream::has_window() const {
  const std::uint64_t first = next_window_ * step_;
  if (!closed_) return pieces() > first + room_;
  return next_window_ == 0 ? pieces() > 0 : pieces() > first - step_ + room_;
}

text::encoding span_stream::next_window() {
  const std::uint64_t first = next_window_++ * step_;
  const std::uint64_t last = std::min<std::uint64_t>(first + room_, pieces());
  out_.push_back({first, last, closed_ && last == pieces()});
  text::encoding encoded;
  encoded.reserve(last - first + window_specials);
  encoded.add_special(model_->tokenizer().cls_id());
  for (std::uint64_t number = first; number < last; ++number)
    encoded.add(at(number).id, at(number).type, {}, at(number).word);
  encoded.add_special(model_->tokenizer().sep_id());
  return encoded;
}

result<void> span_stream::add(std::span<const float> logits) {
  const std::size_t labels = model_->labels().size();
  if (out_.empty() ||
      logits.size() != (out_.front().last - out_.front().first + window_specials) * labels)
    return fail(bert_errc::bad_batch, std::to_string(logits.size()) +
                                          " logits are not those of the window whose turn it is");
  if (auto finite = check_finite(logits, labels); !finite) return finite;
  const window done = out_.front();
  out_.pop_front();
  if (how_.how != aggregation::none && how_.by_farthest_window())
    decode_owned(done, logits);
  else
    decode_alone(done, logits);
  owned_from_ = owned_end(done);
  drop_pieces();
  return {};
}

/// Behind the last piece that lies in this window farther from a cut than in the next; as in `window_layout`.
std::uint64_t span_stream::owned_end(const window& of) const {
  return of.ends_text ? of.last : (of.first + step_ + of.last - 1) / 2 + 1;
}

void span_stream::feed(piece_decoder& into, std::uint64_t number, const window& of,
                       std::span<const float> logits) const {
  const piece& next = at(number);
  const auto& tokenizer = model_->tokenizer();
  const std::size_t labels = model_->labels().size(), row = number - of.first + 1; // after [CLS]
  into.push({tokenizer.piece(next.id), next.source, next.end.codepoint - next.start.codepoint,
             number, number + 1, next.id == tokenizer.unk_id(), next.word},
            logits.subspan(row * labels, labels));
}

/// Each piece has its label from the window that owns it.
void span_stream::decode_owned(const window& of, std::span<const float> logits) {
  for (std::uint64_t number = owned_from_; number < owned_end(of); ++number)
    feed(decoder_, number, of, logits);
  if (of.ends_text) decoder_.close();
  for (const byte_span& span : decoder_.take())
    found_.push_back(located(span));
}

/// The window is decoded by itself.
void span_stream::decode_alone(const window& of, std::span<const float> logits) {
  piece_decoder decoder{model_->labels(), how_};
  for (std::uint64_t number = of.first; number < of.last; ++number)
    feed(decoder, number, of, logits);
  decoder.close();
  const bool pieces = how_.how == aggregation::none, only = of.first == 0 && of.ends_text;
  for (const byte_span& span : decoder.take()) {
    if (pieces && (span.start < owned_from_ || span.start >= owned_end(of))) continue;
    (pieces || only ? found_ : sorted_).push_back(located(span));
  }
  merge(of);
}

stream_span span_stream::located(const byte_span& of) const {
  const auto& labels = model_->labels();
  return {how_.how == aggregation::none ? labels.name(of.label) : std::string{labels.tag(of.label)},
          of.score, at(of.start).start, at(of.end - 1).end, of.word};
}

/// Merges the entities that start before those of the windows to come; as in `span_collector`.
void span_stream::merge(const window& of) {
  const auto by_start = [](const stream_span& a, const stream_span& b) {
    return a.start.byte < b.start.byte;
  };
  std::stable_sort(sorted_.begin(), sorted_.end(), by_start);
  const std::uint64_t bound =
      of.ends_text ? std::numeric_limits<std::uint64_t>::max() : at(of.first + step_).start.byte;
  const auto end = std::find_if(sorted_.begin(), sorted_.end(),
                                [&](const stream_span& span) { return span.start.byte >= bound; });
  std::for_each(sorted_.begin(), end, [this](stream_span& span) { merge(std::move(span)); });
  sorted_.erase(sorted_.begin(), end);
  if (of.ends_text && last_) found_.push_back(*std::exchange(last_, std::nullopt));
}

void span_stream::merge(stream_span next) {
  const auto length = [](const stream_span& span) {
    return span.end.codepoint - span.start.codepoint;
  };
  if (last_ && next.start.byte < last_->end.byte) {
    if (length(next) > length(*last_) ||
        (length(next) == length(*last_) && next.score > last_->score))
      last_ = std::move(next);
    return;
  }
  if (last_) found_.push_back(std::move(*last_));
  last_ = std::move(next);
}

/// Forgets the pieces that no window and no entity needs any more.
void span_stream::drop_pieces() {
  std::uint64_t keep = out_.empty() ? next_window_ * step_ : out_.front().first;
  keep = std::min({keep, owned_from_, decoder_.waits_from().value_or(keep), pieces()});
  pieces_.erase(pieces_.begin(), pieces_.begin() + static_cast<std::ptrdiff_t>(keep - dropped_));
  dropped_ = keep;
}

std::vector<stream_span> span_stream::take() {
  return std::exchange(found_, {});
}

} // namespace troupe::bert
