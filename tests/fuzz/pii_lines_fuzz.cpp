// Bytes as a log: lines are found and put together again, the one pass over the rules loses nothing, what a model reads is
// UTF-8 and leads back into the line, and spans are in order.
#include "actors/agents/pii_rules.hpp"
#include "actors/agents/redaction.hpp"
#include "actors/agents/words.hpp"
#include "actors/pii/block_lines.hpp"
#include "actors/pii/context_rules.hpp"
#include "actors/pii/finder.hpp"
#include "actors/pii/line_parts.hpp"
#include "actors/pii/name_gate.hpp"
#include "kernels/text/utf8.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <algorithm>
#include <string>
#include <tuple>

using namespace troupe;
using namespace troupe::pii;

namespace {

std::vector<pii_span> in_order(std::vector<pii_span> spans) {
  std::ranges::sort(spans, {}, [](const pii_span& span) {
    return std::tuple{span.bytes.start, span.bytes.end, span.label};
  });
  return spans;
}

void require_in_order(std::string_view line, const std::vector<pii_span>& spans) {
  std::size_t before = 0;
  for (const auto& span : spans) {
    fuzz::require(span.bytes.start >= before && span.bytes.start < span.bytes.end &&
                      span.bytes.end <= line.size(),
                  "spans are in order, without overlap, inside the line");
    fuzz::require(agents::is_boundary(line, span.bytes.start) &&
                      agents::is_boundary(line, span.bytes.end),
                  "spans cut no code point");
    before = span.bytes.end;
  }
}

/// As if a model found every word of the part.
std::vector<pii_span> every_word(const model_text& made) {
  std::vector<pii_span> spans;
  for (std::size_t at = 0; at < made.text().size(); ++at) {
    const auto bytes = made.to_line({at, at + 1});
    if (bytes.start < bytes.end && made.text()[at] != ' ')
      spans.push_back({at % 2 ? "SURNAME" : "ZIP_CODE", bytes, 0.9, agents::pii_source::model});
  }
  return spans;
}

void look_at(std::string_view line) {
  constexpr std::size_t part_bytes = 32;
  const auto rules = agents::find_pii(line);
  fuzz::require(in_order(rules) == in_order(agents::find_pii_by_every_rule(line)),
                "one pass for all rules finds what each finds");
  const auto settled = agents::merge_spans(line, rules);
  std::vector<pii_span> by_model;
  std::size_t end = 0;
  for (const auto part : parts_of(line, settled, part_bytes)) {
    fuzz::require(part.start == end && part.end <= line.size(), "parts lie end to end");
    end = part.end;
    const model_text made{line, part, settled};
    fuzz::require(text::is_valid_utf8(made.text()), "what a model reads is UTF-8");
    static_cast<void>(can_hold_names(made.text()));
    std::ranges::move(every_word(made), std::back_inserter(by_model));
  }
  fuzz::require(end == line.size(), "parts cover the line");
  for (const bool after_sign_off : {false, true}) {
    auto found = names_by_context(line, after_sign_off);
    require_in_order(line, found);
    found.insert(found.end(), settled.begin(), settled.end());
    require_in_order(line, settle(line, found, by_model, {}));
  }
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = fuzz::as_text(data, size);
  const block_lines lines{input, 1};
  std::string again;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto line = lines.line(i, {});
    again.append(line.bytes).append(line.end);
    look_at(line.text);
  }
  fuzz::require(again == input, "lines and their ends are the input");
  static_cast<void>(ends_with_sign_off(input, false));
  return 0;
}
