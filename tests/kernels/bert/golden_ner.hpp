#pragma once

#include "kernels/bert/ner_model.hpp"
#include "kernels/bert/packed_windows.hpp"
#include "tests/support/files.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace troupe::test {

/// Name and value of every aggregation, as the golden files call them.
struct named_aggregation {
  const char* name;
  bert::aggregation how;
};
inline constexpr named_aggregation aggregations[] = {{"none", bert::aggregation::none},
                                                     {"simple", bert::aggregation::simple},
                                                     {"first", bert::aggregation::first},
                                                     {"average", bert::aggregation::average},
                                                     {"max", bert::aggregation::max}};

/// The lines of `golden_folder()`/ner/`name`, parsed; none where the file is absent.
[[nodiscard]] std::vector<nlohmann::json> golden_ner_lines(const std::string& name);

/// The logits of one text: [tokens of window, labels] per window.
struct classified {
  bert::prepared_text prepared;
  std::vector<std::vector<float>> logits;
};

/// Classifies texts one by one with a model; throws std::runtime_error on any error.
class classifier {
public:
  explicit classifier(std::shared_ptr<const bert::ner_model> model);

  [[nodiscard]] classified classify(result<bert::prepared_text> prepared);
  [[nodiscard]] std::vector<bert::ner_span> decode(const classified& text,
                                                   bert::aggregation how) const;

private:
  std::shared_ptr<const bert::ner_model> model_;
  std::unique_ptr<bert::workspace> scratch_;
  bert::packed_windows batch_;
};

/// The small PII model of the repository in fp32, which the golden outputs were made with; loaded
/// once.
[[nodiscard]] std::shared_ptr<const bert::ner_model> pii_model();

/// Says how `found` differs from the golden entities, empty when it does not. Scores may differ by
/// `tolerance`; the largest difference is kept in `largest`.
[[nodiscard]] std::string difference(const std::vector<bert::ner_span>& found,
                                     const nlohmann::json& expected, bert::aggregation how,
                                     double tolerance, double& largest);

/// `spans` as the golden files write them.
[[nodiscard]] nlohmann::json to_json(const std::vector<bert::ner_span>& spans,
                                     bert::aggregation how);

/// The float tensors [rows, columns] of a safetensors file, flat, by name. Trusts the file.
[[nodiscard]] std::map<std::string, std::vector<float>>
read_float_tensors(const std::filesystem::path& file);

} // namespace troupe::test
