#pragma once

#include "kernels/bert/metrics.hpp"

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace troupe::cli {

/// Everything that `troupe eval` says about a model's tags.
struct eval_report {
  bert::metrics_report entities;
  bert::metrics_report strict_entities;
  bert::metrics_report tokens;
};

/// Compares tags in the spelling of iob2. @returns the errors of metrics.hpp.
[[nodiscard]] result<eval_report>
make_eval_report(const std::vector<bert::tag_sequence>& truth,
                 const std::vector<bert::tag_sequence>& predicted);

/// {"CLASS": {"precision","recall","f1-score","support"}, ..., "micro avg" or "accuracy", "macro avg", "weighted avg"}:
/// the keys of the libraries that define the figures. A mean over nothing is null.
[[nodiscard]] nlohmann::ordered_json to_json(const bert::metrics_report& report);

} // namespace troupe::cli
