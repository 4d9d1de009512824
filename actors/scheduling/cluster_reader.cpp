#include "actors/scheduling/cluster_reader.hpp"

#include "actors/scheduling/defaults.hpp"
#include "actors/scheduling/errc.hpp"
#include "actors/scheduling/json_document.hpp"
#include "actors/scheduling/json_fields.hpp"

namespace troupe::scheduling {
namespace {

/// A speed is asked for only where there are slots that have it.
cluster_node read_node(const json_place& at, json_fields& read) {
  cluster_node node;
  read.take(node.name, at.member("name").text());
  read.whole(node.cpu_slots, at.member("cpu_slots"), defaults::most_slots);
  read.whole(node.gpu_slots, at.member("gpu_slots"), defaults::most_slots);
  if (node.cpu_slots > 0) read.number(node.cpu_speed, at.member("cpu_speed"));
  if (node.gpu_slots > 0) read.number(node.gpu_speed, at.member("gpu_speed"));
  read.whole(node.memory_bytes, at.member("memory_bytes"), defaults::most_bytes);
  read.number(node.bandwidth_bytes_per_second, at.member("bandwidth_bytes_per_s"));
  return node;
}

cluster_description read_description(const json_place& root, json_fields& read) {
  cluster_description out;
  read.take(out.name, root.member("name").text());
  read.whole(out.seed, root.member("seed"), ~std::uint64_t{0});
  const json_place model = root.member("accel");
  read.number(out.acceleration.probability, model.member("probability"));
  read.number(out.acceleration.min, model.member("min"));
  read.number(out.acceleration.max, model.member("max"));
  read.whole(out.default_memory_bytes, root.member("default_memory_bytes"), defaults::most_bytes);
  const json_place nodes = root.member("nodes");
  std::size_t count = 0;
  read.take(count, nodes.array_size());
  for (std::size_t i = 0; i < count && !read.problem; ++i)
    out.nodes.push_back(read_node(nodes.element(i), read));
  return out;
}

} // namespace

result<cluster> parse_cluster(std::string_view text, std::string_view file) {
  const auto root = parse_json(text, file, scheduling_errc::bad_cluster);
  if (!root) return tl::unexpected(root.error());
  json_fields read;
  auto description = read_description({*root, file, scheduling_errc::bad_cluster}, read);
  if (read.problem) return tl::unexpected(std::move(*read.problem));
  auto made = cluster::make(std::move(description));
  if (!made) return fail(made.error().code, std::string{file} + ": " + made.error().context);
  return made;
}

result<cluster> load_cluster(const std::filesystem::path& file) {
  const auto text = read_file(file);
  if (!text) return tl::unexpected(text.error());
  return parse_cluster(*text, file.string());
}

} // namespace troupe::scheduling
