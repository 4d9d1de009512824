#pragma once

#include "kernels/bert/engine.hpp"
#include "tests/support/files.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace troupe::test {

/// One reference input of a golden encoder and what the model makes of it.
struct golden_case {
  std::string name;
  std::vector<std::int32_t> ids, type_ids;
  /// [tokens, labels]
  std::vector<float> logits;
  /// [layers + 1][tokens, hidden_size], empty for most inputs.
  std::vector<std::vector<float>> hidden;
};

/// A folder with config.json, expected.safetensors, and model.safetensors or the weights.spec.json
/// it is made from.
class golden_encoder {
public:
  /// Expands weights.spec.json into a temporary folder where there are no weights, and checks their
  /// SHA-256. Throws std::runtime_error naming what is wrong.
  explicit golden_encoder(const std::filesystem::path& folder);

  /// Where the model can be loaded from, as long as this object lives.
  [[nodiscard]] const std::filesystem::path& model_dir() const { return model_dir_; }
  [[nodiscard]] const std::vector<golden_case>& cases() const { return cases_; }

private:
  temporary_folder expanded_;
  std::filesystem::path model_dir_;
  std::vector<golden_case> cases_;
};

/// The repository's own smallest one, with odd sizes everywhere; made at its first use.
[[nodiscard]] const golden_encoder& small_encoder();

/// The encoder folders below `golden_folder()` and below the repository's own tests/golden, sorted.
[[nodiscard]] std::vector<std::filesystem::path> golden_encoders();

} // namespace troupe::test
