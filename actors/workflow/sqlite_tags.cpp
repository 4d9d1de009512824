#include "actors/workflow/sqlite_run_store.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace troupe::workflow {

/// What a new run is called.
result<void> sqlite_run_store::insert_tags(const run_entry& of, std::int64_t number) {
  for (const auto& [key, value] : of.tags) {
    statements_.insert_tag.bind(1, key).bind(2, value).bind(3, to_us(of.started)).bind(4, number);
    if (auto done = statements_.insert_tag.run(); !done) return done;
  }
  return {};
}

/// How many runs have a tag, as far as that matters.
result<std::int64_t> sqlite_run_store::count_tagged(const std::string& key,
                                                    const std::string& value) {
  auto query = database_.prepare("SELECT count(*) FROM (SELECT 1 FROM run_tags WHERE key = ?1 AND "
                                 "value = ?2 LIMIT 10000)");
  if (!query) return tl::unexpected(std::move(query.error()));
  const auto there = query->bind(1, key).bind(2, value).step();
  if (!there) return tl::unexpected(there.error());
  return query->number(0);
}

/// The tags of a filter, the rarest one first: the search goes along it.
result<std::vector<std::pair<std::string, std::string>>>
sqlite_run_store::order_tags(const run_filter& filter) {
  std::vector<std::pair<std::string, std::string>> made(filter.tags.begin(), filter.tags.end());
  if (made.size() < 2) return made;
  auto rarest = made.begin();
  std::int64_t fewest = -1;
  for (auto at = made.begin(); at != made.end(); ++at) {
    const auto count = count_tagged(at->first, at->second);
    if (!count) return tl::unexpected(count.error());
    if (fewest < 0 || *count < fewest) fewest = *count, rarest = at;
  }
  std::iter_swap(made.begin(), rarest);
  return made;
}

} // namespace troupe::workflow
