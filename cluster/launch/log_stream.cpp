#include "cluster/launch/log_stream.hpp"

#include "actors/workflow/diagnostic.hpp"
#include "cluster/launch/defaults.hpp"
#include "cluster/launch/internal/iso_time.hpp"
#include "cluster/launch/internal/node_folder.hpp"
#include "cluster/launch/launcher.hpp"

#include <algorithm>
#include <utility>

namespace troupe::cluster {
namespace {

/// The name of the source that the cluster's own store is.
constexpr const char* store_source = "store";

} // namespace

std::optional<micro_time> time_of_line(std::string_view line) {
  std::size_t length = 0;
  if (line.starts_with('{')) {
    constexpr std::string_view member = "\"time\":";
    const auto at = line.find(member);
    if (at == std::string_view::npos) return std::nullopt;
    line.remove_prefix(at + member.size());
    const auto quote = line.find('"');
    return quote == std::string_view::npos ? std::nullopt
                                           : read_iso(line.substr(quote + 1), length);
  }
  if (line.starts_with('[')) line.remove_prefix(1);
  return read_iso(line, length);
}

log_stream::log_stream(std::vector<source> sources) {
  for (auto& each : sources)
    logs_.push_back({std::move(each)});
}

result<void> log_stream::fill(log& of, bool whole) {
  while (!of.first) {
    const auto end = of.text.find('\n', of.used);
    if (end != std::string::npos) {
      of.first = of.text.substr(of.used, end - of.used);
      of.used = end + 1;
      break;
    }
    of.text.erase(0, of.used);
    of.used = 0;
    // A line longer than what is kept is handed out in pieces.
    if (of.text.size() >= launch_defaults::log_bytes) {
      of.first = std::exchange(of.text, {});
      break;
    }
    auto part = of.from.read(of.at, launch_defaults::log_bytes);
    if (!part) return tl::unexpected(std::move(part.error()));
    of.at = part->next;
    if (part->text.empty()) {
      if (of.text.empty() || whole) return {};
      of.first = std::exchange(of.text, {});
      break;
    }
    of.text += part->text;
  }
  if (const auto said = time_of_line(*of.first)) of.time = *said;
  return {};
}

result<std::optional<log_stream::line>> log_stream::next(bool whole) {
  log* earliest = nullptr;
  for (auto& each : logs_) {
    if (auto filled = fill(each, whole); !filled) return tl::unexpected(std::move(filled.error()));
    if (each.first && (!earliest || each.time < earliest->time)) earliest = &each;
  }
  if (!earliest) return std::optional<line>{};
  line made{static_cast<std::size_t>(earliest - logs_.data()), earliest->time,
            std::move(*earliest->first)};
  earliest->first.reset();
  return made;
}

result<cluster_logs> open_logs(const cluster_spec& spec, const std::vector<std::string>& nodes) {
  auto state = read_cluster_state(spec.data);
  if (!state) return tl::unexpected(std::move(state.error()));
  if (!*state)
    return fail(launch_errc::not_found, "the cluster was never started; start it with troupe up");
  cluster_logs made;
  auto provider = make_provider(spec, **state);
  if (!provider) return tl::unexpected(std::move(provider.error()));
  made.provider = std::move(*provider);
  std::vector<std::string> names;
  const auto wanted = [&](const std::string& name) {
    names.push_back(name);
    return nodes.empty() || std::find(nodes.begin(), nodes.end(), name) != nodes.end();
  };
  for (const auto& each : known_nodes(spec, **state))
    if (wanted(each.name))
      made.sources.push_back({each.name, [from = made.provider.get(), each](auto at, auto limit) {
                                return from->read_log(each, at, limit);
                              }});
  if (spec.store.own_postgresql && wanted(store_source))
    made.sources.push_back({store_source, [file = spec.data / "postgres.log"](auto at, auto limit) {
                              return read_part(file, at, limit);
                            }});
  for (const auto& each : nodes)
    if (std::find(names.begin(), names.end(), each) == names.end())
      return fail(launch_errc::not_found,
                  "there is no node '" + each + "'" + workflow::suggestion(each, names));
  return made;
}

} // namespace troupe::cluster
