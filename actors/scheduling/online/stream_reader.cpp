#include "actors/scheduling/online/stream_reader.hpp"

#include "actors/scheduling/defaults.hpp"
#include "actors/scheduling/errc.hpp"
#include "actors/scheduling/json_document.hpp"
#include "actors/scheduling/json_fields.hpp"

#include <fmt/format.h>
#include <set>

namespace troupe::scheduling {
namespace {

void check_format(const json_place& root, std::string_view wanted, json_fields& read) {
  std::string format;
  read.take(format, root.member("format").text());
  if (!read.problem && format != wanted)
    read.refuse(root.member("format"), fmt::format("is '{}'; it must be '{}'", format, wanted));
}

/// The file is looked for in one folder; a stream may not lead out of it.
bool is_file_name(const std::string& name) {
  return !name.empty() && name != "." && name != ".." &&
         name.find_first_of(std::string_view{"/\\\0", 3}) == name.npos;
}

stream_arrival read_arrival(const json_place& at, std::set<std::string>& ids, json_fields& read) {
  stream_arrival out;
  read.take(out.id, at.member("id").text());
  if (!read.problem && !ids.insert(out.id).second)
    read.refuse(at.member("id"), "stands twice; give each workflow its own");
  read.take(out.instance, at.member("instance").text());
  if (!read.problem && !is_file_name(out.instance))
    read.refuse(at.member("instance"), "must be a file name without a folder");
  read.number(out.arrival_seconds, at.member("arrival"), 0, defaults::most_run_seconds);
  return out;
}

arrival_stream read_stream(const json_place& root, json_fields& read) {
  arrival_stream out;
  check_format(root, "wfstream-1", read);
  read.take(out.name, root.member("name").text());
  read.take(out.cluster, root.member("cluster").text());
  read.number(out.load, root.member("load"), 0, defaults::most_load);
  read.number(out.sigma, root.member("sigma"), 0, defaults::most_sigma);
  if (root.member("seed").present()) read.whole(out.seed, root.member("seed"), ~std::uint64_t{0});
  const json_place workflows = root.member("workflows");
  std::size_t count = 0;
  read.take(count, workflows.array_size());
  if (!read.problem && (count == 0 || count > defaults::most_arrivals))
    read.refuse(workflows, fmt::format("has {} entries; it must have from 1 to {}", count,
                                       defaults::most_arrivals));
  std::set<std::string> ids;
  for (std::size_t i = 0; i < count && !read.problem; ++i)
    out.workflows.push_back(read_arrival(workflows.element(i), ids, read));
  return out;
}

std::vector<double> read_factors(const json_place& at, json_fields& read) {
  std::vector<double> out;
  std::size_t count = 0;
  read.take(count, at.array_size());
  out.resize(count);
  for (std::size_t i = 0; i < count && !read.problem; ++i)
    read.number(out[i], at.element(i), defaults::least_factor, defaults::most_truth_factor);
  return out;
}

stream_truth read_truth(const json_place& root, const arrival_stream& of, json_fields& read) {
  stream_truth out;
  check_format(root, "wftruth-1", read);
  read.take(out.stream, root.member("stream").text());
  if (!read.problem && out.stream != of.name)
    read.refuse(root.member("stream"),
                fmt::format("is '{}', but the stream is '{}'; give the truth of this stream",
                            out.stream, of.name));
  const json_place factors = root.member("factors");
  for (const stream_arrival& each : of.workflows)
    if (!read.problem) out.factors.push_back(read_factors(factors.member(each.id), read));
  return out;
}

} // namespace

result<arrival_stream> parse_stream(std::string_view text, std::string_view file) {
  const auto root = parse_json(text, file, scheduling_errc::bad_stream);
  if (!root) return tl::unexpected(root.error());
  json_fields read;
  auto stream = read_stream({*root, file, scheduling_errc::bad_stream}, read);
  if (read.problem) return tl::unexpected(std::move(*read.problem));
  return stream;
}

result<arrival_stream> load_stream(const std::filesystem::path& file) {
  const auto text = read_file(file);
  if (!text) return tl::unexpected(text.error());
  return parse_stream(*text, file.string());
}

result<stream_truth> parse_truth(std::string_view text, std::string_view file,
                                 const arrival_stream& of) {
  const auto root = parse_json(text, file, scheduling_errc::bad_truth);
  if (!root) return tl::unexpected(root.error());
  json_fields read;
  auto truth = read_truth({*root, file, scheduling_errc::bad_truth}, of, read);
  if (read.problem) return tl::unexpected(std::move(*read.problem));
  return truth;
}

result<stream_truth> load_truth(const std::filesystem::path& file, const arrival_stream& of) {
  const auto text = read_file(file);
  if (!text) return tl::unexpected(text.error());
  return parse_truth(*text, file.string(), of);
}

} // namespace troupe::scheduling
