#include "actors/runtime/internal/directory.hpp"

#include "actors/runtime/internal/failures.hpp"

namespace troupe::runtime {

reply<directory::entry> directory::find_or_make(const agent_name& name,
                                                const std::function<reply<entry>()>& make) {
  auto& shard = shard_of(name);
  std::lock_guard lock{shard.mutex};
  if (shard.closed) return tl::unexpected(stopping_failure());
  if (const auto found = shard.entries.find(name); found != shard.entries.end())
    return found->second;
  auto made = make();
  if (made) shard.entries.emplace(name, *made);
  return made;
}

directory::entry directory::find(const agent_name& name) {
  auto& shard = shard_of(name);
  std::lock_guard lock{shard.mutex};
  const auto found = shard.entries.find(name);
  return found == shard.entries.end() ? nullptr : found->second;
}

std::vector<directory::entry>
directory::select(const std::function<bool(const agent_mailbox&)>& wanted) {
  std::vector<entry> selected;
  for (auto& shard : shards_) {
    std::lock_guard lock{shard.mutex};
    for (const auto& [name, entry] : shard.entries)
      if (wanted(*entry)) selected.push_back(entry);
  }
  return selected;
}

void directory::erase(const agent_mailbox& gone) {
  auto& shard = shard_of(gone.name());
  std::lock_guard lock{shard.mutex};
  const auto found = shard.entries.find(gone.name());
  if (found != shard.entries.end() && found->second.get() == &gone) shard.entries.erase(found);
}

std::vector<directory::entry> directory::close() {
  std::vector<entry> entries;
  for (auto& shard : shards_) {
    std::lock_guard lock{shard.mutex};
    shard.closed = true;
    for (auto& [name, entry] : shard.entries)
      entries.push_back(std::move(entry));
    shard.entries.clear();
  }
  return entries;
}

} // namespace troupe::runtime
