#include "actors/inference/internal/equal_jobs.hpp"

#include <utility>

namespace troupe::inference {

equal_jobs::key equal_jobs::key_of(const job& text) {
  const extract_request& asked = text.request;
  return {text.slot, asked.how.how, asked.how.words, asked.how.windows, asked.stride, *asked.text};
}

bool equal_jobs::join(const job_ptr& text) {
  if (text->request.text->size() > defaults::max_joined_bytes) return false;
  auto& [leader, due, joined] =
      groups_.try_emplace(key_of(*text), group{text->id, text->due, {}}).first->second;
  if (leader == text->id || text->due < due) return false;
  joined.push_back(text);
  return true;
}

std::vector<job_ptr> equal_jobs::release(const job& text) {
  const auto found = groups_.find(key_of(text));
  // One that had only joined goes by itself; its leader finds it answered.
  if (found == groups_.end() || found->second.leader != text.id) return {};
  auto joined = std::move(found->second.joined);
  groups_.erase(found);
  return joined;
}

} // namespace troupe::inference
