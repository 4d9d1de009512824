#pragma once

#include "actors/workflow/store.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace troupe::workflow {

/// One transaction that is over.
struct finished_commit {
  /// What it was about, in the order of `add`.
  std::vector<append_batch> batches;
  /// A store's failure: nothing of it is durable, and nothing added since will be.
  result<void> outcome;
  /// The batches by position that do not fit what the store has of their run; the others are durable.
  std::vector<std::pair<std::size_t, error>> refused;
  std::chrono::steady_clock::duration took{};
};

/// Carries an engine core's commits out, in the order in which they were added. Used from the core's
/// thread.
class committer {
public:
  virtual ~committer() = default;
  /// Takes more to append. What was added and not begun makes one transaction.
  virtual void add(std::vector<append_batch> batches) = 0;
  /// The next transaction that is over, each once.
  [[nodiscard]] virtual std::optional<finished_commit> poll() = 0;
  /// The same, and waits for it; only where something was added and not taken up.
  [[nodiscard]] virtual finished_commit wait() = 0;
};

/// Appends in `add`, on the caller's thread: what a core does depends on nothing but its calls.
class inline_committer final : public committer {
public:
  /// @param history outlives the committer.
  explicit inline_committer(store& history) : history_(history) {}
  void add(std::vector<append_batch> batches) override;
  [[nodiscard]] std::optional<finished_commit> poll() override;
  [[nodiscard]] finished_commit wait() override;

private:
  store& history_;
  std::deque<finished_commit> finished_;
};

/// Appends on a thread of its own, so that the core goes on while the disk works. It takes all that has
/// gathered as soon as it is free: the busier the disk, the larger the groups.
class commit_thread final : public committer {
public:
  /// @param history outlives the committer; its members may be called from any thread.
  /// @param wake called on the committer's thread when there is something to poll.
  commit_thread(store& history, std::function<void()> wake);
  /// Waits for what was added.
  ~commit_thread() override;
  commit_thread(const commit_thread&) = delete;
  commit_thread& operator=(const commit_thread&) = delete;

  void add(std::vector<append_batch> batches) override;
  [[nodiscard]] std::optional<finished_commit> poll() override;
  [[nodiscard]] finished_commit wait() override;

private:
  void work();

  store& history_;
  std::function<void()> wake_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<append_batch> added_;
  std::deque<finished_commit> finished_;
  /// The store failed: it is not written to again.
  bool broken_ = false;
  bool ending_ = false;
  std::thread thread_;
};

/// A store whose members may be called from any thread: one call at a time.
[[nodiscard]] std::unique_ptr<store> make_shareable(std::unique_ptr<store> only);

} // namespace troupe::workflow
