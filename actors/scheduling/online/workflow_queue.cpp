#include "actors/scheduling/online/workflow_queue.hpp"

namespace troupe::scheduling {

void workflow_queue::add(double order, task_key key, double rank, std::size_t lane) {
  if (key.workflow >= workflows_.size()) workflows_.resize(key.workflow + 1);
  workflow_entry& of = workflows_[key.workflow];
  if (of.empty()) {
    of.order = order;
    order_.insert({order, key.workflow});
  }
  of.lanes[lane].insert({-rank, key.task});
}

void workflow_queue::erase(task_key key, double rank, std::size_t lane) {
  workflow_entry& of = workflows_[key.workflow];
  of.lanes[lane].erase({-rank, key.task});
  if (of.empty()) order_.erase({of.order, key.workflow});
}

void workflow_queue::reorder(std::uint32_t workflow, double order) {
  if (workflow >= workflows_.size()) return;
  workflow_entry& of = workflows_[workflow];
  if (of.empty() || of.order == order) return;
  order_.erase({of.order, workflow});
  of.order = order;
  order_.insert({order, workflow});
}

task_key workflow_queue::first() const {
  task_key found;
  for_each([&found](task_key key, std::size_t) {
    found = key;
    return visit::stop;
  });
  return found;
}

} // namespace troupe::scheduling
