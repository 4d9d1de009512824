#include "actors/workflow/committer.hpp"

#include "actors/workflow/errors.hpp"

#include <algorithm>
#include <iterator>
#include <pthread.h>

namespace troupe::workflow {
namespace {

/// Whether a refused append is about one run, and the others can go on.
bool concerns_one_run(const error& why) {
  return why.code == workflow_errc::run_exists || why.code == workflow_errc::version_conflict ||
         why.code == workflow_errc::ownership_lost || why.code == workflow_errc::run_unknown;
}

/// Finds out which batches the store refuses, and appends the others.
result<void> append_one_by_one(store& history, finished_commit& into) {
  for (std::size_t i = 0; i < into.batches.size(); ++i) {
    auto appended = history.append({&into.batches[i], 1});
    if (appended) continue;
    if (!concerns_one_run(appended.error())) return appended;
    into.refused.emplace_back(i, std::move(appended.error()));
  }
  return {};
}

finished_commit append_to(store& history, std::vector<append_batch> batches) {
  const auto begun = std::chrono::steady_clock::now();
  finished_commit made{std::move(batches), {}, {}, {}};
  made.outcome = history.append(made.batches);
  if (!made.outcome && concerns_one_run(made.outcome.error()))
    made.outcome = append_one_by_one(history, made);
  made.took = std::chrono::steady_clock::now() - begun;
  return made;
}

std::optional<finished_commit> take_first(std::deque<finished_commit>& from) {
  if (from.empty()) return std::nullopt;
  std::optional<finished_commit> first{std::move(from.front())};
  from.pop_front();
  return first;
}

} // namespace

// --- inline --------------------------------------------------------------------------------------

void inline_committer::add(std::vector<append_batch> batches) {
  finished_.push_back(append_to(history_, std::move(batches)));
}

std::optional<finished_commit> inline_committer::poll() {
  return take_first(finished_);
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

void commit_thread::add(std::vector<append_batch> batches) {
  {
    const std::lock_guard held{mutex_};
    if (broken_) return;
    if (added_.empty())
      added_ = std::move(batches);
    else
      std::move(batches.begin(), batches.end(), std::back_inserter(added_));
  }
  changed_.notify_all();
}

std::optional<finished_commit> commit_thread::poll() {
  const std::lock_guard held{mutex_};
  return take_first(finished_);
}

finished_commit commit_thread::wait() {
  std::unique_lock held{mutex_};
  changed_.wait(held, [this] { return !finished_.empty(); });
  return *take_first(finished_);
}

void commit_thread::work() {
  pthread_setname_np(pthread_self(), "troupe-commit");
  std::unique_lock held{mutex_};
  for (;;) {
    changed_.wait(held, [this] { return ending_ || !added_.empty(); });
    if (added_.empty()) return;
    std::vector<append_batch> batches = std::exchange(added_, {});
    held.unlock();
    auto finished = append_to(history_, std::move(batches));
    held.lock();
    if (!finished.outcome) {
      broken_ = true;
      added_.clear();
    }
    finished_.push_back(std::move(finished));
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
  result<claims> claim_all(std::span<const std::string> run_ids, time_point now) override {
    const std::lock_guard held{mutex_};
    return only_->claim_all(run_ids, now);
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
  result<void> request_signal(const signal_request& wanted, time_point now) override {
    const std::lock_guard held{mutex_};
    return only_->request_signal(wanted, now);
  }
  result<std::vector<signal_request>> signal_requests() override {
    const std::lock_guard held{mutex_};
    return only_->signal_requests();
  }
  result<void> drop_signals(std::span<const std::string> ids) override {
    const std::lock_guard held{mutex_};
    return only_->drop_signals(ids);
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
