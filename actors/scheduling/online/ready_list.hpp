#pragma once

#include "actors/scheduling/online/known_workflow.hpp"

#include <set>
#include <tuple>

namespace troupe::scheduling {

/// Ready tasks in the order of a number that does not change while they wait, then by workflow and task.
class ready_list {
public:
  void add(double order, task_key key) { all_.insert({order, key}); }
  void erase(double order, task_key key) { all_.erase({order, key}); }
  [[nodiscard]] bool empty() const { return all_.empty(); }

  struct entry {
    double order = 0;
    task_key key;

    friend bool operator<(const entry& a, const entry& b) {
      return std::tie(a.order, a.key) < std::tie(b.order, b.key);
    }
  };
  /// In order.
  [[nodiscard]] const std::set<entry>& entries() const { return all_; }

private:
  std::set<entry> all_;
};

} // namespace troupe::scheduling
