#include "actors/agents/pii_agent.hpp"

#include "actors/agents/defaults.hpp"
#include "actors/agents/pii_rules.hpp"
#include "actors/runtime/typed_agent.hpp"
#include "kernels/text/offsets.hpp"
#include "kernels/text/utf8.hpp"
#include "troupe/v1/redaction.pb.h"

#include <algorithm>

namespace troupe::agents {
namespace {

tl::unexpected<failure> refuse_redaction(std::string type, std::string message) {
  return tl::unexpected(failure{std::move(type), "pii.redact: " + std::move(message), false});
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= 64 && std::ranges::all_of(label, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

/// Model spans that are wanted and sure enough.
std::vector<pii_span> model_spans(const redact_options& options, const v1::NerReply& model) {
  std::vector<pii_span> spans;
  for (const auto& span : model.spans())
    if (span.score() >= options.min_score && options.wants(span.label()))
      spans.push_back(
          {span.label(), {span.start_byte(), span.end_byte()}, span.score(), pii_source::model});
  return spans;
}

/// Fills in offsets; positions must rise from call to call, so that a long text is walked once.
class reply_writer {
public:
  reply_writer(std::string_view original, std::string_view redacted)
      : original_(original), redacted_(redacted) {}

  void add(const redaction& one, v1::RedactReply& answer) {
    auto& out = *answer.add_redactions();
    auto& span = *out.mutable_span();
    const auto [start, end] = one.span.bytes;
    span.set_label(one.span.label);
    span.set_score(one.span.score);
    span.set_start_byte(narrow(start));
    span.set_start_codepoint(narrow(original_.codepoint(start)));
    span.set_start_utf16(narrow(original_.utf16(start)));
    span.set_end_byte(narrow(end));
    span.set_end_codepoint(narrow(original_.codepoint(end)));
    span.set_end_utf16(narrow(original_.utf16(end)));
    out.set_source(one.span.source == pii_source::rule ? v1::REDACTION_SOURCE_RULE
                                                       : v1::REDACTION_SOURCE_MODEL);
    out.set_replacement(one.replacement);
    out.set_redacted_start_byte(narrow(one.redacted.start));
    out.set_redacted_end_byte(narrow(one.redacted.end));
    out.set_redacted_start_codepoint(narrow(redacted_.codepoint(one.redacted.start)));
    out.set_redacted_end_codepoint(narrow(redacted_.codepoint(one.redacted.end)));
  }

private:
  // The bound on the text keeps every offset in 32 bits.
  static std::uint32_t narrow(std::size_t offset) { return static_cast<std::uint32_t>(offset); }

  text::offset_index original_;
  text::offset_index redacted_;
};

message_ptr model_request(const v1::RedactRequest& request) {
  v1::NerRequest ask;
  ask.set_text(request.text());
  ask.set_name(request.name());
  // Every piece that the model calls personal, the others of its word or not: `whole_words` widens them. The strategies
  // that label whole words give up a word when another piece of it outvotes the personal one.
  ask.set_aggregation(v1::AGGREGATION_SIMPLE);
  return share(std::move(ask));
}

void handle(const std::shared_ptr<const v1::RedactRequest>& request,
            const std::shared_ptr<const call_context>& context,
            const typed_responder<v1::RedactReply>& respond) {
  auto options = check_request(*request);
  if (!options) return respond.fail(std::move(options.error()));
  if (request->text().empty()) return respond(redact(*request, *options, {}));
  auto ask = model_request(*request);
  context->request(
      {"ner.extract", "pii"}, std::move(ask),
      typed_then<v1::NerReply>([request, options = std::move(*options),
                                respond](reply<std::shared_ptr<const v1::NerReply>> model) {
        if (!model) {
          auto& why = model.error();
          return respond.fail(
              {why.type, "pii.redact asked ner.extract/pii: " + why.message, why.retryable});
        }
        respond(redact(*request, options, **model));
      }));
}

} // namespace

bool redact_options::wants(const std::string& label) const {
  return labels.empty() || std::ranges::find(labels, label) != labels.end();
}

reply<redact_options> check_request(const v1::RedactRequest& request) {
  redact_options options;
  switch (request.style()) {
  case v1::REDACTION_STYLE_UNSPECIFIED:
  case v1::REDACTION_STYLE_MASK:
    break;
  case v1::REDACTION_STYLE_PSEUDONYMS:
    options.style = redaction_style::pseudonyms;
    if (request.pseudonym_key().empty())
      return refuse_redaction("pii.missing_key",
                              "pseudonyms need a secret, or anybody could guess the values; "
                              "set 'pseudonym_key'");
    break;
  default:
    return refuse_redaction(
        "pii.bad_style", "style " + std::to_string(request.style()) +
                             " is unknown; use REDACTION_STYLE_MASK or REDACTION_STYLE_PSEUDONYMS");
  }
  for (const auto& label : request.labels()) {
    if (!is_label(label))
      return refuse_redaction("pii.bad_label",
                              "'labels' has '" + text::repair_utf8(label.substr(0, 64)).text +
                                  "'; labels are written like EMAIL or GIVEN_NAME");
    options.labels.push_back(label);
  }
  if (!(request.min_score() >= 0.0 && request.min_score() <= 1.0))
    return refuse_redaction("pii.bad_score", "'min_score' is " +
                                                 std::to_string(request.min_score()) +
                                                 "; give a number from 0 to 1 (0 means 0.5)");
  options.min_score = request.min_score() == 0.0 ? defaults::min_pii_score : request.min_score();
  options.key = request.pseudonym_key();
  if (request.text().size() > defaults::max_redact_size_bytes)
    return refuse_redaction("pii.text_too_large",
                            "the text has " + std::to_string(request.text().size()) +
                                " bytes, more than " +
                                std::to_string(defaults::max_redact_size_bytes) + "; split it");
  if (!text::is_valid_utf8(request.text()))
    return refuse_redaction("pii.invalid_utf8",
                            "the text is not valid UTF-8; read it with files.read, or repair it");
  return options;
}

v1::RedactReply redact(const v1::RedactRequest& request, const redact_options& options,
                       const v1::NerReply& model) {
  const std::string_view text = request.text();
  auto spans = find_pii(text);
  std::erase_if(spans, [&](const pii_span& span) { return !options.wants(span.label); });
  std::ranges::move(whole_words(text, model_spans(options, model)), std::back_inserter(spans));
  auto done =
      apply_redactions(text, merge_spans(text, std::move(spans)), options.style, options.key);
  v1::RedactReply answer;
  answer.set_name(request.name());
  reply_writer writer{text, done.text};
  for (const auto& one : done.redactions)
    writer.add(one, answer);
  answer.set_text(std::move(done.text));
  return answer;
}

agent_type pii_redact_agent() {
  agent_options options;
  options.blocking = true; // a long text takes long
  return typed_agent<v1::RedactRequest, v1::RedactReply>(
      "pii.redact", "Removes the personal data from a text", handle, options);
}

} // namespace troupe::agents
