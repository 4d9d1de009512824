#include "actors/scheduling/online/stream_workflows.hpp"

#include "actors/scheduling/errc.hpp"
#include "actors/scheduling/trace_reader.hpp"

#include <fmt/format.h>
#include <map>
#include <utility>

namespace troupe::scheduling {
namespace {

result<std::shared_ptr<const known_workflow>> load_known(const std::filesystem::path& file,
                                                         const cluster& on) {
  auto read = load_trace(file);
  if (!read) return tl::unexpected(std::move(read.error()));
  auto known = known_workflow::make(std::move(read->graph), on);
  if (!known)
    return fail(known.error().code, fmt::format("{}: {}", file.string(), known.error().context));
  return std::make_shared<const known_workflow>(std::move(*known));
}

} // namespace

result<std::vector<simulated_workflow>> load_workflows(const arrival_stream& stream,
                                                       const std::filesystem::path& instances,
                                                       const cluster& on) {
  if (stream.cluster != on.description().name)
    return fail(scheduling_errc::bad_stream,
                fmt::format("the stream {} is for the cluster {}, not {}; give its cluster",
                            stream.name, stream.cluster, on.description().name));
  std::map<std::string, std::shared_ptr<const known_workflow>> by_name;
  std::vector<simulated_workflow> out;
  for (const stream_arrival& each : stream.workflows) {
    auto& known = by_name[each.instance];
    if (known == nullptr) {
      auto loaded = load_known(instances / each.instance, on);
      if (!loaded) return tl::unexpected(std::move(loaded.error()));
      known = std::move(*loaded);
    }
    out.push_back({known, each.arrival_seconds, {}});
  }
  return out;
}

result<void> set_truth(std::vector<simulated_workflow>& workflows, const arrival_stream& stream,
                       stream_truth truth) {
  for (std::size_t i = 0; i < workflows.size(); ++i) {
    const std::size_t wanted = workflows[i].known->graph.size();
    if (truth.factors[i].size() != wanted)
      return fail(scheduling_errc::bad_truth,
                  fmt::format("the truth of workflow {} has {} factors, but {} has {} tasks; give "
                              "one a task",
                              stream.workflows[i].id, truth.factors[i].size(),
                              stream.workflows[i].instance, wanted));
    workflows[i].factors = std::move(truth.factors[i]);
  }
  return {};
}

stream_truth draw_truth(const arrival_stream& stream,
                        const std::vector<simulated_workflow>& workflows, std::uint64_t seed) {
  std::vector<std::uint32_t> tasks;
  tasks.reserve(workflows.size());
  for (const simulated_workflow& each : workflows)
    tasks.push_back(each.known->graph.size());
  return draw_truth(stream, tasks, seed);
}

} // namespace troupe::scheduling
