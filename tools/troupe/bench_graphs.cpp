#include "tools/troupe/bench_graphs.hpp"

#include "tools/troupe/cli_errc.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

namespace troupe::cli {

step_graph chain_graph(std::size_t steps) {
  step_graph made(steps);
  for (std::size_t i = 1; i < steps; ++i)
    made[i] = {i - 1};
  return made;
}

step_graph fan_graph(std::size_t width) {
  step_graph made(width + 2);
  for (std::size_t i = 1; i <= width; ++i) {
    made[i] = {0};
    made.back().push_back(i);
  }
  return made;
}

result<step_graph> random_graph() {
  constexpr std::size_t steps = 100, window = 20, most_needs = 3;
  std::minstd_rand random{7};
  step_graph made(steps);
  for (std::size_t i = 1; i < steps; ++i) {
    const std::size_t first = i - std::min(i, window);
    for (std::size_t needs = 1 + random() % most_needs; needs > 0; --needs) {
      const std::size_t need = first + random() % (i - first);
      if (std::ranges::find(made[i], need) == made[i].end()) made[i].push_back(need);
    }
  }
  return made;
}

result<step_graph> read_graph(const std::filesystem::path& file) {
  std::ifstream in{file};
  const auto parsed = nlohmann::json::parse(in, nullptr, false);
  const auto bad = [&](const std::string& why) {
    return fail(cli_errc::bad_input, fmt::format("{}: {}", file.string(), why));
  };
  if (!parsed.is_array() || parsed.empty()) return bad("not a list of lists in JSON");
  step_graph made;
  for (const auto& needs : parsed) {
    made.emplace_back();
    if (!needs.is_array()) return bad(fmt::format("step {} is not a list", made.size() - 1));
    for (const auto& need : needs) {
      if (!need.is_number_unsigned() || need.get<std::size_t>() + 1 >= made.size())
        return bad(fmt::format("step {} needs what is not before it", made.size() - 1));
      made.back().push_back(need.get<std::size_t>());
    }
  }
  return made;
}

result<workflow::definition_ptr> graph_definition(const step_graph& graph, const std::string& agent,
                                                  const agent_types& agents) {
  v1::WorkflowDefinition source;
  source.set_name("bench-graph");
  source.set_version("1");
  for (std::size_t i = 0; i < graph.size(); ++i) {
    v1::StepDefinition& step = *source.add_steps();
    step.set_id(fmt::format("step-{}", i));
    step.set_agent(agent);
    for (const std::size_t need : graph[i])
      step.add_needs(fmt::format("step-{}", need));
  }
  auto made = workflow::compile_definition(source, &agents);
  if (!made)
    return fail(cli_errc::bench_failed, "the graph is refused: " + to_string(made.error()));
  return *made;
}

} // namespace troupe::cli
