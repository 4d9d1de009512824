#include "kernels/bert/text_groups.hpp"

#include <map>

namespace troupe::bert {

text_groups group_texts(std::span<const std::string_view> texts, equal_texts how) {
  text_groups found;
  if (how == equal_texts::each_computed) found.texts.assign(texts.begin(), texts.end());
  found.group.reserve(texts.size());
  // Ordered: a hash table would be slow for texts made up to collide.
  std::map<std::string_view, std::size_t> known;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (how == equal_texts::each_computed) {
      found.group.push_back(i);
      continue;
    }
    const auto [at, added] = known.try_emplace(texts[i], found.texts.size());
    if (added) found.texts.push_back(texts[i]);
    found.group.push_back(at->second);
  }
  return found;
}

} // namespace troupe::bert
