#include "actors/agents/redaction.hpp"

#include "actors/agents/pseudonym.hpp"
#include "actors/agents/words.hpp"

#include <algorithm>
#include <map>
#include <tuple>

namespace troupe::agents {
namespace {

auto start_of(const pii_span& span) {
  return span.bytes.start;
}

bool is_usable(std::string_view text, const pii_span& span) {
  const auto [start, end] = span.bytes;
  return start < end && end <= text.size() && is_boundary(text, start) && is_boundary(text, end);
}

/// Joins spans of one label that touch or overlap; `spans` in order of start.
std::vector<pii_span> join_touching(std::vector<pii_span> spans) {
  std::map<std::string_view, std::size_t> last; // label -> index in `joined`
  std::vector<pii_span> joined;
  joined.reserve(spans.size()); // keeps the labels that `last` looks at in place
  for (auto& span : spans) {
    const auto found = last.find(span.label);
    if (found != last.end() && span.bytes.start <= joined[found->second].bytes.end) {
      auto& before = joined[found->second];
      before.bytes.end = std::max(before.bytes.end, span.bytes.end);
      before.score = std::max(before.score, span.score);
      continue;
    }
    joined.push_back(std::move(span));
    last.erase(joined.back().label);
    last.emplace(joined.back().label, joined.size() - 1);
  }
  return joined;
}

/// Numbers with check digits, other rules, the model, what only stands in a telling place.
int rank_of(const pii_span& span) {
  switch (span.source) {
  case pii_source::rule:
    return span.label == "IBAN" || span.label == "PAYMENT_CARD" ? 0 : 1;
  case pii_source::model:
    return 2;
  default:
    return 3;
  }
}

bool takes_precedence(const pii_span& a, const pii_span& b) {
  const auto length = [](const pii_span& span) { return span.bytes.end - span.bytes.start; };
  const auto rank = [&](const pii_span& span, const pii_span& other) {
    return std::tuple{rank_of(span), length(other), other.score, span.bytes.start};
  };
  const auto left = rank(a, b);
  const auto right = rank(b, a);
  return left != right ? left < right : a.label < b.label;
}

/// [start, end) without the spaces around it; empty when it has no letter or digit.
byte_span trim(std::string_view text, byte_span at) {
  const auto is_space = [](char32_t c) { return c <= ' ' || c == 0xA0 || c == 0x3000; };
  bool has_word = false;
  for (auto i = at.start; i < at.end && !has_word; i += sequence_length(text[i]))
    has_word = code_point_at(text, i) >= 0x80 || is_word_character(code_point_at(text, i));
  if (!has_word) return {at.start, at.start};
  while (is_space(code_point_at(text, at.start)))
    at.start += sequence_length(text[at.start]);
  while (is_space(code_point_before(text, at.end))) {
    --at.end;
    while (!is_boundary(text, at.end))
      --at.end;
  }
  return at;
}

/// The settled spans by start.
using settled_spans = std::map<std::size_t, pii_span>;

/// Adds what of `span` nobody covers yet.
void add_uncovered(std::string_view text, const pii_span& span, settled_spans& settled) {
  std::vector<byte_span> gaps;
  auto from = span.bytes.start;
  auto next = settled.upper_bound(from);
  if (next != settled.begin()) from = std::max(from, std::prev(next)->second.bytes.end);
  for (; next != settled.end() && next->first < span.bytes.end; ++next) {
    gaps.push_back({from, next->first});
    from = next->second.bytes.end;
  }
  gaps.push_back({from, span.bytes.end});
  for (auto gap : gaps) {
    if (gap.start >= gap.end) continue;
    if (gap != span.bytes) gap = trim(text, gap);
    if (gap.start < gap.end)
      settled.emplace(gap.start, pii_span{span.label, gap, span.score, span.source});
  }
}

} // namespace

std::vector<pii_span> whole_words(std::string_view text, std::vector<pii_span> spans) {
  std::erase_if(spans, [&](const pii_span& span) { return !is_usable(text, span); });
  std::ranges::stable_sort(spans, {}, start_of);
  spans = join_touching(std::move(spans));
  word_finder words{text};
  for (auto& span : spans)
    span.bytes.start = words.start_of(span.bytes.start);
  // Ends need not rise with the starts; in their own order the search stays linear.
  std::ranges::stable_sort(spans, {}, [](const pii_span& span) { return span.bytes.end; });
  for (auto& span : spans)
    span.bytes.end = words.end_of(span.bytes.end);
  std::ranges::stable_sort(spans, {}, start_of);
  return join_touching(std::move(spans));
}

std::vector<pii_span> merge_spans(std::string_view text, std::vector<pii_span> spans) {
  std::erase_if(spans, [&](const pii_span& span) { return !is_usable(text, span); });
  std::ranges::sort(spans, takes_precedence);
  settled_spans settled;
  for (const auto& span : spans)
    add_uncovered(text, span, settled);
  std::vector<pii_span> merged;
  merged.reserve(settled.size());
  for (auto& [start, span] : settled)
    merged.push_back(std::move(span));
  return merged;
}

redacted_text apply_redactions(std::string_view text, std::span<const pii_span> spans,
                               redaction_style style, std::string_view key) {
  redacted_text out;
  out.text.reserve(text.size());
  out.redactions.reserve(spans.size());
  std::size_t done = 0;
  for (const auto& span : spans) {
    const auto [start, end] = span.bytes;
    out.text += text.substr(done, start - done);
    done = end;
    auto replacement = "[" +
                       (style == redaction_style::mask
                            ? span.label
                            : pseudonym(span.label, text.substr(start, end - start), key)) +
                       "]";
    const byte_span redacted{out.text.size(), out.text.size() + replacement.size()};
    out.text += replacement;
    out.redactions.push_back({span, std::move(replacement), redacted});
  }
  out.text += text.substr(done);
  return out;
}

redaction_map::redaction_map(std::span<const redaction> redactions) {
  entries_.reserve(redactions.size());
  for (const auto& one : redactions)
    entries_.push_back({one.span.bytes, one.redacted});
}

namespace {

/// The same translation both ways: `from` and `to` pick the side of an entry.
template <class Entries, class Side>
std::size_t translate(const Entries& entries, std::size_t position, bool is_end, Side from,
                      Side to) {
  const auto start = [&](const auto& one) { return (one.*from).start; };
  auto after = std::ranges::upper_bound(entries, position, {}, start);
  if (after == entries.begin()) return position;
  const auto& entry = *std::prev(after);
  if (position >= (entry.*from).end) return (entry.*to).end + (position - (entry.*from).end);
  return is_end && position > (entry.*from).start ? (entry.*to).end : (entry.*to).start;
}

} // namespace

std::size_t redaction_map::to_redacted(std::size_t original, bool is_end) const {
  return translate(entries_, original, is_end, &entry::original, &entry::redacted);
}

std::size_t redaction_map::to_original(std::size_t redacted, bool is_end) const {
  return translate(entries_, redacted, is_end, &entry::redacted, &entry::original);
}

bool redaction_map::touches(byte_span original) const {
  const auto after = std::ranges::lower_bound(entries_, original.end, {},
                                              [](const entry& one) { return one.original.start; });
  return after != entries_.begin() && std::prev(after)->original.end > original.start;
}

} // namespace troupe::agents
