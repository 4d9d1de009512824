#include "actors/runtime/deterministic_system.hpp"

#include "actors/runtime/caf_compat.hpp"
#include "actors/runtime/internal/core.hpp"

#include <caf/scheduler/test_coordinator.hpp>
#include <utility>

namespace troupe {

namespace runtime {

std::size_t run_all_actors(caf::actor_system& actors) {
  auto& scheduler = dynamic_cast<caf::scheduler::test_coordinator&>(actors.scheduler());
  std::size_t turns = 0;
  while (scheduler.try_run_once())
    ++turns;
  return turns;
}

} // namespace runtime

deterministic_system::deterministic_system(std::shared_ptr<executor> blocking)
    : deterministic_system(virtual_timer::make(), std::move(blocking)) {}

deterministic_system::deterministic_system(std::shared_ptr<timer> clock,
                                           std::shared_ptr<executor> blocking)
    : clock_(std::dynamic_pointer_cast<virtual_timer>(clock)) {
  agent_system_options options;
  options.blocking = std::move(blocking);
  options.clock = std::move(clock);
  system_.reset(new agent_system{std::make_shared<runtime::core>(std::move(options), true)});
}

deterministic_system::~deterministic_system() = default;

std::size_t deterministic_system::run() {
  return runtime::run_all_actors(system_->core_->actors());
}

void deterministic_system::advance(timer::clock::duration by) {
  deterministic_system* const alone = this;
  advance(*clock_, by, {&alone, 1});
}

void deterministic_system::advance(virtual_timer& clock, timer::clock::duration by,
                                   std::span<deterministic_system* const> systems) {
  const auto run_each = [systems] {
    for (deterministic_system* each : systems)
      each->run();
  };
  const auto until = clock.now() + by;
  run_each();
  for (auto next = clock.next_due(); next && *next <= until; next = clock.next_due()) {
    clock.advance(*next - clock.now());
    run_each();
  }
  clock.advance(until - clock.now());
}

} // namespace troupe
