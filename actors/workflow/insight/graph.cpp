#include "actors/workflow/insight/graph.hpp"

namespace troupe::workflow {

instance_graph::instance_graph(const definition& workflow, const std::vector<std::size_t>& counts)
    : workflow_{workflow}, first_{0} {
  for (const std::size_t count : counts)
    first_.push_back(first_.back() + count);
  std::vector<std::size_t> left(workflow.steps.size());
  std::vector<std::vector<std::size_t>> users(workflow.steps.size());
  for (std::size_t step = 0; step < workflow.steps.size(); ++step) {
    left[step] = workflow.steps[step].needs.size();
    if (left[step] == 0) order_.push_back(step);
    for (const dependency& need : workflow.steps[step].needs)
      users[need.step].push_back(step);
  }
  // A checked definition has no cycle, so all of them come.
  for (std::size_t at = 0; at < order_.size(); ++at)
    for (const std::size_t user : users[order_[at]])
      if (--left[user] == 0) order_.push_back(user);
}

} // namespace troupe::workflow
