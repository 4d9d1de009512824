// A text and a model's spans in it (before the first NUL: pairs of bytes, start and length): what is redacted is
// covered, in order, without overlap, and offsets translate both ways.
#include "actors/agents/pii_rules.hpp"
#include "actors/agents/redaction.hpp"
#include "actors/agents/words.hpp"
#include "kernels/text/utf8.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <algorithm>

using namespace troupe;
using namespace troupe::agents;

namespace {

std::vector<pii_span> model_spans(std::string_view pairs) {
  constexpr const char* labels[] = {"GIVEN_NAME", "SURNAME", "EMAIL"};
  std::vector<pii_span> made;
  for (std::size_t i = 0; i + 1 < pairs.size(); i += 2) {
    const auto start = static_cast<unsigned char>(pairs[i]);
    made.push_back({labels[i / 2 % 3],
                    {start, start + std::size_t{static_cast<unsigned char>(pairs[i + 1])}},
                    0.9,
                    pii_source::model});
  }
  return made;
}

void require_inside(std::string_view text, const pii_span& span) {
  const auto [start, end] = span.bytes;
  fuzz::require(start < end && end <= text.size() && is_boundary(text, start) &&
                    is_boundary(text, end),
                "spans are inside the text and cut no code point");
}

void require_settled(std::string_view text, const std::vector<pii_span>& all,
                     const std::vector<pii_span>& merged) {
  std::vector<bool> covered(text.size());
  std::size_t before = 0;
  for (const auto& span : merged) {
    require_inside(text, span);
    fuzz::require(span.bytes.start >= before, "spans are in order and do not overlap");
    before = span.bytes.end;
    std::fill_n(covered.begin() + static_cast<std::ptrdiff_t>(span.bytes.start),
                span.bytes.end - span.bytes.start, true);
  }
  for (const auto& span : all)
    for (auto i = span.bytes.start; i < span.bytes.end; i += sequence_length(text[i]))
      fuzz::require(covered[i] || !is_word_character(code_point_at(text, i)),
                    "no letter that was found stays");
}

void require_translates(std::string_view text, const redacted_text& done) {
  const redaction_map map{done.redactions};
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const auto moved = map.to_redacted(i);
    fuzz::require(moved <= done.text.size(), "positions stay inside");
    if (i < text.size() && !map.touches({i, i + 1}))
      fuzz::require(done.text[moved] == text[i] && map.to_original(moved) == i,
                    "what is not redacted is found at its new place");
  }
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = fuzz::as_text(data, size);
  const std::size_t nul = std::min(input.find('\0'), input.size());
  const std::string text = text::repair_utf8(input.substr(std::min(nul + 1, size))).text;
  auto all = find_pii(text);
  for (const auto& span : all)
    require_inside(text, span);
  const auto words = whole_words(text, model_spans(input.substr(0, nul)));
  all.insert(all.end(), words.begin(), words.end());
  const auto merged = merge_spans(text, all);
  require_settled(text, all, merged);
  for (const auto style : {redaction_style::mask, redaction_style::pseudonyms}) {
    const auto done = apply_redactions(text, merged, style, "key");
    fuzz::require(text::is_valid_utf8(done.text), "a redacted text is UTF-8");
    require_translates(text, done);
  }
  return 0;
}
