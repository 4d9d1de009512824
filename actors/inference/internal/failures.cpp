#include "actors/inference/internal/failures.hpp"

#include "kernels/bert/errors.hpp"
#include "kernels/text/errors.hpp"

namespace troupe::inference {
namespace {

/// Whether the machinery failed, rather than what it was given.
bool engine_failed(const error& why) {
  return why.code == bert::make_error_code(bert::bert_errc::engine_failure);
}

} // namespace

failure unknown_model(const std::string& name) {
  return {"ner.unknown_model", "there is no model named '" + name + "' on this node", false};
}

failure model_load_failed(const std::string& name, const error& why) {
  return {"ner.model_load_failed", "model '" + name + "' does not load: " + why.message(),
          engine_failed(why)};
}

failure overloaded(std::size_t texts, std::size_t bytes) {
  return {"ner.overloaded",
          std::to_string(texts) + " texts of " + std::to_string(bytes) +
              " bytes wait for the models already; try again later",
          true};
}

failure deadline_exceeded() {
  return {"runtime.deadline_exceeded", "the deadline passed before all of the text was run", true};
}

failure abandoned() {
  return {"ner.abandoned", "nobody wants the answer any more", false};
}

bool concerns_one_requester(const failure& why) {
  return why.type == "runtime.deadline_exceeded" || why.type == "ner.abandoned";
}

failure stopping() {
  return {"ner.stopping", "the inference service is stopping", false};
}

failure text_failed(const error& why) {
  const bool engine = engine_failed(why);
  return {engine ? "ner.engine_failed" : "ner.bad_request", why.message(), engine};
}

} // namespace troupe::inference
