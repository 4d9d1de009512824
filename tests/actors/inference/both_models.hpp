#pragma once

#include "actors/inference/service.hpp"
#include "kernels/bert/ner_extractor.hpp"
#include "tests/actors/inference/answers.hpp"
#include "tests/support/files.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

/// The models of the repository, which are small enough to load in tests, in a service and without one.
namespace troupe::test {

inline const bert::engine_options fp32{.wanted = bert::precision::fp32};

inline std::filesystem::path model_folder(const std::string& name) {
  return source_folder() / "models" / name;
}

/// A service that knows both models of the repository.
struct both_models {
  inference::service under_test;
  answers got;

  explicit both_models(inference::service_options options) : under_test(options) {
    under_test.add_model("pii", model_folder("pii-rampart"), fp32);
    under_test.add_model("default", model_folder("ner-default"), fp32);
  }
  ~both_models() { under_test.stop(); } // while `got` still takes answers
  both_models(const both_models&) = delete;
  both_models& operator=(const both_models&) = delete;

  void ask(std::size_t number, const std::string& text, const std::string& model = "pii") {
    under_test.extract({model, std::make_shared<const std::string>(text)}, got.take(number));
  }
};

/// What one thread finds without the service.
inline std::vector<bert::ner_span> alone(const std::string& model, const std::string& text) {
  static std::map<std::string, bert::ner_extractor> loaded;
  auto found = loaded.find(model);
  if (found == loaded.end()) {
    auto made = bert::ner_extractor::make(bert::ner_model::load(model_folder(model), fp32).value());
    found = loaded.emplace(model, std::move(made.value())).first;
  }
  return found->second.extract(std::string_view{text}).value();
}

inline std::vector<std::string> sample_texts() {
  std::vector<std::string> texts{
      "Marta Lindqvist moved from Oslo to 48 Harbour Lane, Bergen.",
      "Call Tom on +1 202 555 0143.",
      "No names here.",
      "\xC3\x85sa \xC3\x96"
      "berg \xF0\x9F\x98\x80 wrote to asa@example.org about invoice 88-1234567.",
  };
  std::string growing;
  for (int i = 0; i < 40; ++i) {
    growing += "Passenger " + std::to_string(i) + " is Priya Raman of Elm Street " +
               std::to_string(100 + 7 * i) + ", Dover. ";
    texts.push_back(growing);
  }
  return texts;
}

} // namespace troupe::test
