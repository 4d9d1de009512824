#include "actors/runtime/internal/scheduling.hpp"

#include "actors/runtime/run_queue.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/policy/unprofiled.hpp>
#include <caf/scheduler/coordinator.hpp>

namespace troupe::runtime {
namespace {

/// What CAF's coordinator and workers ask of a policy, by `run_queue`.
class run_queue_policy : public caf::policy::unprofiled {
public:
  struct coordinator_data {
    explicit coordinator_data(caf::scheduler::abstract_coordinator* /*owner*/) {}
    run_queue jobs;
  };
  struct worker_data {
    explicit worker_data(caf::scheduler::abstract_coordinator* /*owner*/) {}
  };

  template <class Coordinator>
  void central_enqueue(Coordinator* self, caf::resumable* job) {
    d(self).jobs.push(job);
  }
  template <class Worker>
  void external_enqueue(Worker* self, caf::resumable* job) {
    d(self->parent()).jobs.push(job);
  }
  template <class Worker>
  void internal_enqueue(Worker* self, caf::resumable* job) {
    d(self->parent()).jobs.push(job);
  }
  template <class Worker>
  void resume_job_later(Worker* self, caf::resumable* job) {
    d(self->parent()).jobs.push(job);
  }
  template <class Worker>
  caf::resumable* dequeue(Worker* self) {
    return d(self->parent()).jobs.pop();
  }

  template <class Worker, class F>
  void foreach_resumable(Worker* /*self*/, F /*visit*/) {}
  template <class Coordinator, class F>
  void foreach_central_resumable(Coordinator* self, F visit) {
    while (auto* const job = d(self).jobs.try_pop())
      visit(job);
  }
};

} // namespace

void schedule_by_run_queue(caf::actor_system_config& config) {
  config.module_factories.emplace_back([](caf::actor_system& system) {
    return new caf::scheduler::coordinator<run_queue_policy>(system);
  });
}

} // namespace troupe::runtime
