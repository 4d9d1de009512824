#pragma once

#include <cstddef>
#include <string>

namespace troupe::agents {

/// Bytes [start, end) of a text.
struct byte_span {
  std::size_t start = 0;
  std::size_t end = 0;
  bool operator==(const byte_span&) const = default;
};

/// Where a span comes from. `context`: what stands around it says so ("Dear ...", "From: ...").
enum class pii_source { rule, model, context };

/// A stretch of the original text that is personal data of kind `label`. Starts and ends at code points.
struct pii_span {
  std::string label;
  byte_span bytes;
  /// 1 for a rule; for the model the score of its surest piece.
  double score = 1.0;
  pii_source source = pii_source::rule;
  bool operator==(const pii_span&) const = default;
};

} // namespace troupe::agents
