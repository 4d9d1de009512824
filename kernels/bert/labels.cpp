#include "kernels/bert/labels.hpp"

#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace troupe::bert {

label_set::label_set(std::vector<std::string> names) {
  std::unordered_map<std::string, std::size_t> tags;
  for (std::string& name : names) {
    entry made;
    made.begins = name.starts_with("B-");
    made.prefix_length = made.begins || name.starts_with("I-") ? 2 : 0;
    made.tag_id = tags.try_emplace(name.substr(made.prefix_length), tags.size()).first->second;
    made.name = std::move(name);
    labels_.push_back(std::move(made));
  }
  find_predecessors();
}

void label_set::find_predecessors() {
  std::unordered_map<std::size_t, std::vector<std::size_t>> of_tag;
  std::unordered_set<std::size_t> with_begin;
  for (std::size_t label = 0; label < labels_.size(); ++label) {
    if (labels_[label].prefix_length == 0) continue;
    of_tag[labels_[label].tag_id].push_back(label);
    if (labels_[label].begins) with_begin.insert(labels_[label].tag_id);
  }
  for (entry& label : labels_)
    if (label.prefix_length != 0 && !label.begins && with_begin.contains(label.tag_id))
      label.only_after = of_tag[label.tag_id];
}

std::string_view label_set::tag(std::size_t label) const {
  return std::string_view{labels_[label].name}.substr(labels_[label].prefix_length);
}

bool label_set::continues(std::size_t previous, std::size_t next) const {
  return !labels_[next].begins && labels_[next].tag_id == labels_[previous].tag_id;
}

} // namespace troupe::bert
