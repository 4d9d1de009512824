#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::bert {
class ner_model;
}

namespace troupe::pii {

/// What is to be found.
struct settings {
  /// Only these labels; empty for all.
  std::vector<std::string> labels;
  /// The least score of what a model finds, by label; others have `default_threshold`.
  std::map<std::string, double> thresholds;
  /// Of every label without one of its own; the measured defaults when empty.
  std::optional<double> threshold;
  /// Models read every line, not only those that `can_hold_names`.
  bool thorough = false;

  [[nodiscard]] bool wants(const std::string& label) const;
  /// The least score of a span of this label.
  [[nodiscard]] double threshold_of(const std::string& label) const;
};

/// The models that read lines; either may be missing, and is not asked then.
struct models {
  /// Finds the parts of names and addresses, and numbers of documents (`pii-rampart`).
  std::shared_ptr<const bert::ner_model> pii;
  /// Finds PER, asked only where the first leaves a word that looks like a name (`ner-default`).
  std::shared_ptr<const bert::ner_model> names;
};

/// The label of people whom the second model or the context finds, where nobody says which part of a name it is.
inline constexpr const char* name_label = "NAME";

} // namespace troupe::pii
