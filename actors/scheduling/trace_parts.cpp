#include "actors/scheduling/trace_parts.hpp"

#include "actors/scheduling/defaults.hpp"
#include "actors/scheduling/program_name.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace troupe::scheduling {
namespace {

/// A number that may be missing: 0 then, as in the traces themselves.
result<std::uint64_t> whole_or_zero(const json_place& at) {
  return at.present() ? at.whole(defaults::most_bytes) : result<std::uint64_t>{0};
}

result<std::string> text_or_empty(const json_place& at) {
  return at.present() ? at.text() : result<std::string>{std::string{}};
}

result<double> read_run_time(const json_place& at) {
  auto seconds = at.number();
  if (seconds && !(*seconds >= 0 && *seconds <= defaults::most_run_seconds))
    return at.fail_here(fmt::format("is {}; it must be a number of seconds from 0 to {:g}",
                                    *seconds, defaults::most_run_seconds));
  return seconds;
}

result<execution> read_execution(const json_place& at) {
  execution read;
  if (const auto run = at.member("runtimeInSeconds"); run.present()) {
    const auto seconds = read_run_time(run);
    if (!seconds) return tl::unexpected(seconds.error());
    read.run_seconds = *seconds;
    read.has_run_time = true;
  }
  const auto memory = whole_or_zero(at.member("memoryInBytes"));
  if (!memory) return tl::unexpected(memory.error());
  // Traces write 0 where nothing was measured.
  if (*memory > 0) read.memory_bytes = *memory;
  auto program = text_or_empty(at.member("command").member("program"));
  if (!program) return tl::unexpected(std::move(program.error()));
  read.program = std::move(*program);
  return read;
}

result<task> read_task(const json_place& at, const executions& executed, trace_warnings& warnings) {
  static const execution nothing;
  auto id = at.member("id").text();
  if (!id) return tl::unexpected(std::move(id.error()));
  const auto found = executed.find(*id);
  const execution& ran = found == executed.end() ? nothing : found->second;
  auto name = ran.program.empty() ? at.member("name").text() : text_or_empty(at.member("name"));
  if (!name) return tl::unexpected(std::move(name.error()));
  if (!ran.has_run_time) ++warnings.without_run_time;
  return task{std::move(*id), program_name(*name, ran.program),
              std::max(defaults::least_run_seconds, ran.run_seconds), ran.memory_bytes};
}

} // namespace

std::vector<std::string> trace_warnings::texts(std::string_view file) const {
  std::vector<std::string> out;
  if (without_run_time > 0)
    out.push_back(fmt::format("{}: {} tasks have no run time; {} s is taken", file,
                              without_run_time, defaults::least_run_seconds));
  if (unknown_files > 0)
    out.push_back(fmt::format("{}: {} files between tasks are not in workflow.specification.files; "
                              "0 bytes are taken",
                              file, unknown_files));
  return out;
}

result<executions> read_executions(const json_place& list) {
  const auto count = list.array_size();
  if (!count) return tl::unexpected(count.error());
  executions out;
  out.reserve(*count);
  for (std::size_t i = 0; i < *count; ++i) {
    const json_place at = list.element(i);
    auto id = at.member("id").text();
    if (!id) return tl::unexpected(std::move(id.error()));
    auto read = read_execution(at);
    if (!read) return tl::unexpected(std::move(read.error()));
    if (const auto [before, fresh] = out.try_emplace(std::move(*id), std::move(*read)); !fresh)
      return at.fail_here(fmt::format("is a second entry of task '{}'; keep one", before->first));
  }
  return out;
}

result<file_sizes> read_file_sizes(const json_place& list) {
  const auto count = list.array_size_or_none();
  if (!count) return tl::unexpected(count.error());
  file_sizes out;
  out.reserve(*count);
  for (std::size_t i = 0; i < *count; ++i) {
    const json_place at = list.element(i);
    auto id = at.member("id").text();
    if (!id) return tl::unexpected(std::move(id.error()));
    const auto size = whole_or_zero(at.member("sizeInBytes"));
    if (!size) return tl::unexpected(size.error());
    const auto [before, fresh] = out.try_emplace(std::move(*id), *size);
    if (!fresh && before->second != *size)
      return at.fail_here(fmt::format("gives file '{}' a second size; keep one", before->first));
  }
  return out;
}

result<std::vector<task>> read_tasks(const json_place& list, const executions& executed,
                                     trace_warnings& warnings) {
  const auto count = list.array_size();
  if (!count) return tl::unexpected(count.error());
  std::vector<task> out;
  out.reserve(*count);
  std::unordered_map<std::string_view, std::size_t> first;
  for (std::size_t i = 0; i < *count; ++i) {
    auto read = read_task(list.element(i), executed, warnings);
    if (!read) return tl::unexpected(std::move(read.error()));
    out.push_back(std::move(*read));
  }
  for (std::size_t i = 0; i < out.size(); ++i)
    if (const auto [before, fresh] = first.try_emplace(out[i].id, i); !fresh)
      return list.element(i).fail_here(fmt::format("has the id '{}' of {}; give each task its own",
                                                   out[i].id, list.element(before->second).path()));
  return out;
}

} // namespace troupe::scheduling
