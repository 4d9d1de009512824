#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::bert {

/// The labels of a model, taken apart once. Immutable; any thread.
class label_set {
public:
  /// @param names label of logit i, e.g. "O", "B-PER", "I-PER". A name without B-/I- counts as I-.
  explicit label_set(std::vector<std::string> names);

  [[nodiscard]] std::size_t size() const { return labels_.size(); }
  [[nodiscard]] const std::string& name(std::size_t label) const { return labels_[label].name; }
  /// The name without its B- or I-.
  [[nodiscard]] std::string_view tag(std::size_t label) const;
  /// Whether a piece labelled `next` continues the entity of a neighbour labelled `previous`.
  [[nodiscard]] bool continues(std::size_t previous, std::size_t next) const;

  /// The labels one of which must stand directly before `label`: B-X and I-X before an I-X, where there is
  /// a B-X at all. Empty for a label that may stand anywhere. Valid as long as this object.
  [[nodiscard]] std::span<const std::size_t> only_after(std::size_t label) const {
    return labels_[label].only_after;
  }

private:
  struct entry {
    std::string name;
    std::size_t prefix_length = 0;
    bool begins = false;
    std::size_t tag_id = 0;
    std::vector<std::size_t> only_after;
  };
  void find_predecessors();

  std::vector<entry> labels_;
};

} // namespace troupe::bert
