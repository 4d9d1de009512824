#include "actors/scheduling/defaults.hpp"
#include "actors/scheduling/trace_parts.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace troupe::scheduling {
namespace {

using task_numbers = std::unordered_map<std::string_view, std::uint32_t>;
/// Numbers of files, sorted, each once.
using file_list = std::vector<std::uint32_t>;

/// Files by number, so that lists of them are compared quickly.
class file_numbers {
public:
  explicit file_numbers(const file_sizes& known) : known_{known} {}

  std::uint32_t of(std::string name) {
    const auto [at, fresh] =
        numbers_.try_emplace(std::move(name), static_cast<std::uint32_t>(sizes_.size()));
    if (fresh) {
      const auto size = known_.find(at->first);
      sizes_.push_back(size == known_.end() ? unknown : size->second);
    }
    return at->second;
  }

  /// Of the files in both lists, together; counts those without a size.
  std::uint64_t bytes_of_both(const file_list& a, const file_list& b, std::size_t& without_size) {
    std::uint64_t sum = 0;
    for (auto x = a.begin(), y = b.begin(); x != a.end() && y != b.end();) {
      if (*x < *y)
        ++x;
      else if (*y < *x)
        ++y;
      else {
        // Every size is at most 2^53, and what is beyond that together is refused.
        if (sizes_[*x] != unknown)
          sum = std::min(sum + sizes_[*x], defaults::most_bytes + 1);
        else
          ++without_size;
        ++x, ++y;
      }
    }
    return sum;
  }

private:
  static constexpr std::uint64_t unknown = ~std::uint64_t{0};
  const file_sizes& known_;
  std::unordered_map<std::string, std::uint32_t> numbers_;
  std::vector<std::uint64_t> sizes_;
};

result<file_list> read_files(const json_place& list, file_numbers& files) {
  const auto count = list.array_size_or_none();
  if (!count) return tl::unexpected(count.error());
  file_list out;
  for (std::size_t i = 0; i < *count; ++i) {
    auto name = list.element(i).text();
    if (!name) return tl::unexpected(std::move(name.error()));
    out.push_back(files.of(std::move(*name)));
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

/// The tasks that a list names.
result<std::vector<std::uint32_t>> read_names(const json_place& list, const task_numbers& numbers,
                                              const std::string& of) {
  const auto count = list.array_size_or_none();
  if (!count) return tl::unexpected(count.error());
  std::vector<std::uint32_t> out;
  for (std::size_t i = 0; i < *count; ++i) {
    const auto name = list.element(i).text();
    if (!name) return tl::unexpected(name.error());
    const auto found = numbers.find(*name);
    if (found == numbers.end())
      return list.element(i).fail_here(fmt::format(
          "of task '{}' names '{}', which is no task of the trace; add it or remove the name", of,
          *name));
    out.push_back(found->second);
  }
  return out;
}

/// Both directions; what is said twice stands there twice.
result<std::vector<edge>> read_links(const json_place& list, const std::vector<task>& tasks) {
  task_numbers numbers;
  for (std::uint32_t i = 0; i < tasks.size(); ++i)
    numbers.emplace(tasks[i].id, i);
  std::vector<edge> out;
  for (std::uint32_t i = 0; i < tasks.size(); ++i) {
    const json_place at = list.element(i);
    const auto children = read_names(at.member("children"), numbers, tasks[i].id);
    if (!children) return tl::unexpected(children.error());
    const auto parents = read_names(at.member("parents"), numbers, tasks[i].id);
    if (!parents) return tl::unexpected(parents.error());
    for (const auto child : *children)
      out.push_back({i, child, 0});
    for (const auto parent : *parents)
      out.push_back({parent, i, 0});
  }
  return out;
}

void keep_each_once(std::vector<edge>& edges) {
  const auto ends = [](const edge& e) { return std::pair{e.from, e.to}; };
  std::sort(edges.begin(), edges.end(),
            [&](const edge& a, const edge& b) { return ends(a) < ends(b); });
  edges.erase(std::unique(edges.begin(), edges.end(),
                          [&](const edge& a, const edge& b) { return ends(a) == ends(b); }),
              edges.end());
}

} // namespace

result<std::vector<edge>> read_edges(const json_place& list, const std::vector<task>& tasks,
                                     const file_sizes& sizes, trace_warnings& warnings) {
  auto edges = read_links(list, tasks);
  if (!edges) return edges;
  keep_each_once(*edges);
  file_numbers files{sizes};
  std::vector<file_list> in, out;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    auto inputs = read_files(list.element(i).member("inputFiles"), files);
    if (!inputs) return tl::unexpected(std::move(inputs.error()));
    auto outputs = read_files(list.element(i).member("outputFiles"), files);
    if (!outputs) return tl::unexpected(std::move(outputs.error()));
    in.push_back(std::move(*inputs));
    out.push_back(std::move(*outputs));
  }
  for (edge& each : *edges)
    each.bytes = files.bytes_of_both(out[each.from], in[each.to], warnings.unknown_files);
  return edges;
}

} // namespace troupe::scheduling
