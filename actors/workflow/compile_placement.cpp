#include "actors/workflow/compiler.hpp"

#include "kernels/text/utf8.hpp"

#include <fmt/format.h>

// On which nodes attempts of a step run.
namespace troupe::workflow {
namespace {

constexpr std::size_t most_class_bytes = 200;

bool is_node_class(const std::string& text) {
  return text.size() <= most_class_bytes && text::is_valid_utf8(text);
}

} // namespace

/// Whether there is such a node is asked when an attempt is to start: nodes come and go.
void compiler::check_placement(const v1::StepDefinition& from, step& made) {
  if (!from.has_placement()) return;
  const std::string path = "steps." + from.id() + ".placement";
  const v1::Placement& said = from.placement();
  if (made.kind != step_kind::agent)
    return report(path,
                  "only attempts of agents run on a node, not steps that wait or are runs of their "
                  "own; leave the placement out",
                  true);
  if (!v1::PlacementStrategy_IsValid(said.strategy()))
    return report(path + ".strategy", fmt::format("there is no strategy {}; use another one",
                                                  static_cast<int>(said.strategy())));
  const bool pinned = said.strategy() == v1::PLACEMENT_STRATEGY_PINNED;
  if (pinned && said.node().empty() && said.node_class().empty())
    report(path, "it is pinned to nothing; add 'node: NAME' or 'class: NAME'", true);
  if (!pinned && !said.node().empty())
    report(path + ".node", "only a pinned step names its node; add 'strategy: pinned', or leave "
                           "the node out");
  if (!said.node().empty() && !is_name(said.node()))
    report(path + ".node", "that is no name of a node; use letters, digits, '.', '_' and '-', 128 "
                           "at most");
  if (!is_node_class(said.node_class()))
    report(path + ".class", fmt::format("that is no class of nodes; give at most {} bytes of UTF-8",
                                        most_class_bytes));
  made.placement = {static_cast<scheduling::placement_strategy>(said.strategy()), said.node(),
                    said.node_class()};
}

} // namespace troupe::workflow
