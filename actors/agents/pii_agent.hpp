#pragma once

#include "actors/agents/redaction.hpp"
#include "actors/runtime/agent.hpp"

#include <string>
#include <vector>

namespace troupe::v1 {
class NerReply;
class RedactReply;
class RedactRequest;
} // namespace troupe::v1

namespace troupe::agents {

/// The agent type pii.redact (`schemas/troupe/v1/redaction.proto`). It finds spans by rules, asks the agent
/// ner.extract/pii for the model's, and answers with the text without either. No value that it finds enters a log, a
/// failure or a reply.
/// Failures: pii.bad_style, pii.missing_key, pii.bad_label, pii.bad_score, pii.invalid_utf8, pii.text_too_large, none of
/// them retryable; those of ner.extract pass through with their type and retryable flag.
[[nodiscard]] agent_type pii_redact_agent();

/// A checked RedactRequest.
struct redact_options {
  redaction_style style = redaction_style::mask;
  std::vector<std::string> labels;
  double min_score = 0;
  std::string key;
  /// Whether spans of `label` are wanted.
  [[nodiscard]] bool wants(const std::string& label) const;
};

[[nodiscard]] reply<redact_options> check_request(const v1::RedactRequest& request);

/// What pii.redact answers once the model's spans are known: everything but the asking. Any thread.
[[nodiscard]] v1::RedactReply redact(const v1::RedactRequest& request,
                                     const redact_options& options, const v1::NerReply& model);

} // namespace troupe::agents
