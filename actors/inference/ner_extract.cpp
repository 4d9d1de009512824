#include "actors/inference/ner_extract.hpp"

#include "actors/inference/internal/failures.hpp"
#include "actors/runtime/typed_agent.hpp"
#include "troupe/v1/ner.pb.h"

#include <utility>

namespace troupe::inference {
namespace {

tl::unexpected<failure> unknown_number(const std::string& of, int number) {
  return tl::unexpected(
      failure{"ner.bad_request", "unknown " + of + " number " + std::to_string(number), false});
}

reply<bert::aggregation> aggregation_of(const v1::NerRequest& request) {
  switch (request.aggregation()) {
  case v1::AGGREGATION_UNSPECIFIED:
  case v1::AGGREGATION_SIMPLE:
    return bert::aggregation::simple;
  case v1::AGGREGATION_NONE:
    return bert::aggregation::none;
  case v1::AGGREGATION_FIRST:
    return bert::aggregation::first;
  case v1::AGGREGATION_AVERAGE:
    return bert::aggregation::average;
  case v1::AGGREGATION_MAX:
    return bert::aggregation::max;
  case v1::AGGREGATION_VITERBI:
    return bert::aggregation::viterbi;
  default:
    return unknown_number("aggregation", request.aggregation());
  }
}

reply<bert::word_grouping> word_groups_of(const v1::NerRequest& request) {
  switch (request.word_groups()) {
  case v1::WORD_GROUPS_UNSPECIFIED:
    return bert::word_grouping::automatic;
  case v1::WORD_GROUPS_PIPELINE:
    return bert::word_grouping::pipeline;
  case v1::WORD_GROUPS_IDS:
    return bert::word_grouping::ids;
  default:
    return unknown_number("word_groups", request.word_groups());
  }
}

reply<bert::window_policy> windows_of(const v1::NerRequest& request) {
  switch (request.windows()) {
  case v1::WINDOW_POLICY_UNSPECIFIED:
    return bert::window_policy::automatic;
  case v1::WINDOW_POLICY_PIPELINE:
    return bert::window_policy::pipeline;
  case v1::WINDOW_POLICY_FARTHEST:
    return bert::window_policy::farthest;
  default:
    return unknown_number("windows", request.windows());
  }
}

void write(const bert::ner_span& span, v1::Span& out) {
  out.set_label(span.label);
  out.set_score(span.score);
  out.set_start_byte(span.start_byte);
  out.set_end_byte(span.end_byte);
  out.set_start_codepoint(span.start_codepoint);
  out.set_end_codepoint(span.end_codepoint);
  out.set_start_utf16(span.start_utf16);
  out.set_end_utf16(span.end_utf16);
  out.set_word(span.word);
}

v1::NerReply to_reply(const v1::NerRequest& request, const std::string& model,
                      const extraction& found) {
  v1::NerReply reply;
  reply.set_name(request.name());
  reply.set_model(model);
  reply.set_tokens(static_cast<std::uint32_t>(found.tokens));
  reply.set_windows(static_cast<std::uint32_t>(found.windows));
  for (const auto& span : found.spans)
    write(span, *reply.add_spans());
  return reply;
}

/// The agent of one model.
class ner_agent {
public:
  ner_agent(service& models, std::string model) : models_(models), model_(std::move(model)) {}

  void extract(std::shared_ptr<const v1::NerRequest> request,
               std::shared_ptr<const call_context> context, typed_responder<v1::NerReply> respond) {
    const auto how = decode_options_of(*request);
    if (!how) return respond.fail(how.error());
    extract_request wanted;
    wanted.model = model_;
    wanted.text = {request, &request->text()}; // shares the message's life
    wanted.how = *how;
    if (request->stride() != 0) wanted.stride = request->stride();
    wanted.expires = context->header().deadline;
    // A long text is alive as long as its parts come to their turn.
    wanted.abandoned = [context = std::move(context)] {
      context->heartbeat();
      return context->abandoned();
    };
    models_.extract(std::move(wanted), [request, model = model_, respond](reply<extraction> found) {
      if (!found) return respond.fail(std::move(found.error()));
      respond(to_reply(*request, model, *found));
    });
  }

private:
  service& models_;
  std::string model_;
};

} // namespace

reply<bert::decode_options> decode_options_of(const v1::NerRequest& request) {
  const auto how = aggregation_of(request);
  if (!how) return tl::unexpected(how.error());
  const auto words = word_groups_of(request);
  if (!words) return tl::unexpected(words.error());
  const auto windows = windows_of(request);
  if (!windows) return tl::unexpected(windows.error());
  return bert::decode_options{*how, *words, *windows};
}

agent_type ner_extract_agent(service& models) {
  const auto make = [&models](const agent_name& name) -> reply<std::unique_ptr<ner_agent>> {
    if (!models.has_model(name.key)) return tl::unexpected(unknown_model(name.key));
    return std::make_unique<ner_agent>(models, name.key);
  };
  return stateful_agent<ner_agent>("ner.extract",
                                   "Finds the entities of a text with the model of its key", make)
      .on(&ner_agent::extract)
      .build();
}

} // namespace troupe::inference
