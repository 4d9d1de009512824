#include "tools/troupe/redact_json.hpp"

#include "actors/agents/redaction.hpp"
#include "kernels/text/offsets.hpp"

#include <nlohmann/json.hpp>

namespace troupe::cli {

namespace {

using nlohmann::ordered_json;

const char* source_name(agents::pii_source source) {
  switch (source) {
  case agents::pii_source::rule:
    return "rule";
  case agents::pii_source::model:
    return "model";
  default:
    return "context";
  }
}

/// Where a line begins in its text.
struct line_base {
  std::size_t codepoint = 0, byte = 0, redacted_codepoint = 0, redacted_byte = 0;
};

class redaction_json final : public pii::block_writer {
public:
  redaction_json(replacement_style style, bool whole) : style_{std::move(style)}, whole_{whole} {}

  void add(const pii::found_line& line, std::string& output) override {
    add_redactions(line);
    if (whole_) return add_end(line.end);
    finish_object(output);
  }
  void finish(std::string& output) override {
    if (whole_) finish_object(output);
  }

private:
  void add_redactions(const pii::found_line& line) {
    auto done = agents::apply_redactions(line.text, line.spans,
                                         style_.pseudonyms ? agents::redaction_style::pseudonyms
                                                           : agents::redaction_style::mask,
                                         style_.key);
    text::offset_index original{line.text};
    text::offset_index redacted{done.text};
    text::original_index starts{line.bytes};
    text::original_index ends{line.bytes};
    for (const auto& one : done.redactions) {
      const auto [start, end] = one.span.bytes;
      const auto start_codepoint = original.codepoint(start);
      const auto redacted_start = redacted.codepoint(one.redacted.start);
      redactions_.push_back(
          {{"label", one.span.label},
           {"source", source_name(one.span.source)},
           {"score", one.span.score},
           {"start", base_.codepoint + start_codepoint},
           {"end", base_.codepoint + original.codepoint(end)},
           {"start_byte", base_.byte + (line.replaced_sequences ? starts.original(start) : start)},
           {"end_byte", base_.byte + (line.replaced_sequences ? ends.original(end) : end)},
           {"replacement", one.replacement},
           {"redacted_start", base_.redacted_codepoint + redacted_start},
           {"redacted_end", base_.redacted_codepoint + redacted.codepoint(one.redacted.end)},
           {"redacted_start_byte", base_.redacted_byte + one.redacted.start},
           {"redacted_end_byte", base_.redacted_byte + one.redacted.end}});
    }
    base_.codepoint += original.codepoint(line.text.size());
    base_.byte += line.bytes.size();
    base_.redacted_codepoint += redacted.codepoint(done.text.size());
    base_.redacted_byte += done.text.size();
    text_ += done.text;
  }

  void add_end(std::string_view end) {
    text_ += end;
    base_.codepoint += end.size();
    base_.byte += end.size();
    base_.redacted_codepoint += end.size();
    base_.redacted_byte += end.size();
  }

  void finish_object(std::string& output) {
    const ordered_json object{{"text", std::exchange(text_, {})},
                              {"redactions", std::exchange(redactions_, ordered_json::array())}};
    output += object.dump();
    output += '\n';
    base_ = {};
  }

  replacement_style style_;
  bool whole_;
  std::string text_;
  ordered_json redactions_ = ordered_json::array();
  line_base base_;
};

} // namespace

std::unique_ptr<pii::block_writer> make_redaction_json(const replacement_style& style, bool whole) {
  return std::make_unique<redaction_json>(style, whole);
}

} // namespace troupe::cli
