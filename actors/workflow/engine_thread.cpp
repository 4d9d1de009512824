#include "actors/workflow/engine_driver.hpp"

#include <mutex>
#include <pthread.h>
#include <thread>

namespace troupe::workflow {
namespace {

/// Gathering for a commit takes at most this share of the time that the last one took.
constexpr int gathering_share = 8;

/// The thread with its queue, and the core that only it touches.
class thread_driver final : public engine_driver {
public:
  explicit thread_driver(engine_parts parts)
      : history_(make_shareable(std::move(parts.history))),
        core_({*history_, parts.agents, std::move(parts.starter),
               [] { return std::chrono::system_clock::now(); },
               // Answers may come when this engine is gone: the queue lives as long as somebody may
               // post to it.
               [queue = queue_](std::function<void()> task) { (void)queue->post(std::move(task)); },
               parts.options,
               std::make_shared<commit_thread>(*history_,
                                               [queue = queue_] { (void)queue->post([] {}); })}),
        thread_([this] { work(); }) {}

  ~thread_driver() override { end(); }

  [[nodiscard]] bool post(task_queue::task work) override { return queue_->post(std::move(work)); }
  void stop() override { end(); }
  [[nodiscard]] engine_core& core() override { return core_; }

private:
  void end() {
    const std::lock_guard once{stopping_};
    queue_->close();
    if (thread_.joinable()) thread_.join();
    history_.reset();
  }

  void work() {
    pthread_setname_np(pthread_self(), "troupe-engine");
    for (bool open = true; open;) {
      open = queue_->wait_until(core_.next_wake());
      work_off(queue_->take());
      if (!open) break;
      core_.fire_timers();
      core_.commit();
    }
    core_.drain();
    core_.give_up(stopped());
    history_->release_all();
  }

  /// What comes together is committed together, but the disk does not stand still for long while
  /// this thread works.
  void work_off(const std::vector<task_queue::task>& tasks) {
    auto handed = std::chrono::steady_clock::now();
    for (const auto& task : tasks) {
      task();
      const auto now = std::chrono::steady_clock::now();
      if (now - handed < core_.last_commit_took() / gathering_share) continue;
      core_.commit();
      handed = now;
    }
  }

  std::shared_ptr<task_queue> queue_ = std::make_shared<task_queue>();
  std::unique_ptr<store> history_;
  engine_core core_;
  std::mutex stopping_;
  std::thread thread_;
};

} // namespace

std::unique_ptr<engine_driver> drive_on_thread(engine_parts parts) {
  return std::make_unique<thread_driver>(std::move(parts));
}

} // namespace troupe::workflow
