#pragma once

#include "actors/runtime/agent_system.hpp"
#include "kernels/bert/engine.hpp"
#include "kernels/result.hpp"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string_view>

namespace troupe::inference {
class service;
}

namespace troupe::cli {

/// The agent "ner.extract" with one model, in an agent system of its own: what a request costs beside the same text through
/// the library.
class ner_agent {
public:
  /// Loads the model. @returns its errors and those of the agent system.
  /// @param threads of the inference service.
  [[nodiscard]] static result<std::unique_ptr<ner_agent>>
  start(const std::filesystem::path& model, bert::precision precision, std::size_t threads);
  ~ner_agent();
  ner_agent(const ner_agent&) = delete;
  ner_agent& operator=(const ner_agent&) = delete;

  /// Asks for the entities of a text and waits for the answer. @returns milliseconds.
  [[nodiscard]] result<double> from_host(std::string_view text);
  /// Has another agent ask. @returns the milliseconds from its request to the answer.
  [[nodiscard]] result<double> from_agent(std::string_view text);

private:
  explicit ner_agent(std::size_t threads);

  std::unique_ptr<inference::service> models_;
  std::unique_ptr<agent_system> system_; // ends before what its agents use
};

} // namespace troupe::cli
