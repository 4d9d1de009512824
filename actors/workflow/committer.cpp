#include "actors/workflow/committer.hpp"

#include <utility>

namespace troupe::workflow {
namespace {

finished_commit append_to(store& history, std::vector<append_batch> batches) {
  const auto begun = std::chrono::steady_clock::now();
  auto outcome = history.append(batches);
  return {std::move(batches), std::move(outcome), std::chrono::steady_clock::now() - begun};
}

} // namespace

// --- inline --------------------------------------------------------------------------------------

void inline_committer::begin(std::vector<append_batch> batches) {
  finished_ = append_to(history_, std::move(batches));
}

std::optional<finished_commit> inline_committer::poll() {
  return std::exchange(finished_, std::nullopt);
}

finished_commit inline_committer::wait() {
  return *poll();
}

// --- on a thread ---------------------------------------------------------------------------------

commit_thread::commit_thread(store& history, std::function<void()> wake)
    : history_(history), wake_(std::move(wake)), thread_([this] { work(); }) {}

commit_thread::~commit_thread() {
  {
    const std::lock_guard held{mutex_};
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void commit_thread::begin(std::vector<append_batch> batches) {
  {
    const std::lock_guard held{mutex_};
    begun_ = std::move(batches);
  }
  changed_.notify_all();
}

std::optional<finished_commit> commit_thread::poll() {
  const std::lock_guard held{mutex_};
  return std::exchange(finished_, std::nullopt);
}

finished_commit commit_thread::wait() {
  std::unique_lock held{mutex_};
  changed_.wait(held, [this] { return finished_.has_value(); });
  return *std::exchange(finished_, std::nullopt);
}

void commit_thread::work() {
  std::unique_lock held{mutex_};
  for (;;) {
    changed_.wait(held, [this] { return ending_ || begun_; });
    if (!begun_) return;
    std::vector<append_batch> batches = *std::exchange(begun_, std::nullopt);
    held.unlock();
    auto finished = append_to(history_, std::move(batches));
    held.lock();
    finished_ = std::move(finished);
    held.unlock();
    changed_.notify_all();
    wake_();
    held.lock();
  }
}

// --- a store for two threads ---------------------------------------------------------------------

namespace {

class shareable_store final : public store {
public:
  explicit shareable_store(std::unique_ptr<store> only) : only_(std::move(only)) {}

  result<void> append(std::span<const append_batch> batches) override {
    const std::lock_guard held{mutex_};
    return only_->append(batches);
  }
  result<std::vector<std::string>> read(const std::string& run_id) override {
    const std::lock_guard held{mutex_};
    return only_->read(run_id);
  }
  result<std::vector<run_entry>> list(const run_filter& filter) override {
    const std::lock_guard held{mutex_};
    return only_->list(filter);
  }
  result<run_entry> find(const std::string& run_id) override {
    const std::lock_guard held{mutex_};
    return only_->find(run_id);
  }
  result<std::uint64_t> claim(const std::string& run_id, time_point now) override {
    const std::lock_guard held{mutex_};
    return only_->claim(run_id, now);
  }
  result<void> release(const std::string& run_id) override {
    const std::lock_guard held{mutex_};
    return only_->release(run_id);
  }
  result<void> renew(time_point now) override {
    const std::lock_guard held{mutex_};
    return only_->renew(now);
  }
  result<void> request_cancel(const cancel_request& wanted, time_point now) override {
    const std::lock_guard held{mutex_};
    return only_->request_cancel(wanted, now);
  }
  result<std::vector<cancel_request>> cancel_requests() override {
    const std::lock_guard held{mutex_};
    return only_->cancel_requests();
  }
  void release_all() noexcept override {
    const std::lock_guard held{mutex_};
    only_->release_all();
  }
  [[nodiscard]] const std::string& owner() const override { return only_->owner(); }
  [[nodiscard]] std::chrono::milliseconds lease_time() const override {
    return only_->lease_time();
  }

private:
  std::mutex mutex_;
  std::unique_ptr<store> only_;
};

} // namespace

std::unique_ptr<store> make_shareable(std::unique_ptr<store> only) {
  return std::make_unique<shareable_store>(std::move(only));
}

} // namespace troupe::workflow
