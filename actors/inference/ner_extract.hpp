#pragma once

#include "actors/inference/service.hpp"
#include "actors/runtime/agent.hpp"

namespace troupe::v1 {
class NerRequest;
}

namespace troupe::inference {

/// What the request says of decoding. @returns "ner.bad_request" for a number that stands for nothing.
[[nodiscard]] reply<bert::decode_options> decode_options_of(const v1::NerRequest& request);

/// The agent type "ner.extract": NerRequest -> NerReply. The key names a model of `models`, so
/// `ner.extract/pii` finds entities with the model "pii"; another key fails with
/// "ner.unknown_model". Texts of all requesters are batched; the request's deadline is honoured
/// while a text waits. Failures are those of `service`, and "ner.bad_request" for an unknown
/// aggregation, word group or window policy.
/// @param models must outlive every agent system that the type is added to.
[[nodiscard]] agent_type ner_extract_agent(service& models);

} // namespace troupe::inference
