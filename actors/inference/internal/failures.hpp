#pragma once

#include "actors/runtime/failure.hpp"
#include "kernels/result.hpp"

#include <string>

namespace troupe::inference {

[[nodiscard]] failure unknown_model(const std::string& name);
/// Retryable for want of memory, else not.
[[nodiscard]] failure model_load_failed(const std::string& name, const error& why);
[[nodiscard]] failure overloaded(std::size_t texts, std::size_t bytes);
[[nodiscard]] failure deadline_exceeded();
[[nodiscard]] failure abandoned();
/// Whether such a failure is that of one requester alone, and not of others with an equal text.
[[nodiscard]] bool concerns_one_requester(const failure& why);
[[nodiscard]] failure stopping();
/// What went wrong with one text: "ner.bad_request" when the caller can change it, else
/// "ner.engine_failed".
[[nodiscard]] failure text_failed(const error& why);

} // namespace troupe::inference
