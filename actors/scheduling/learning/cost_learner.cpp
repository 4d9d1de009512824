#include "actors/scheduling/learning/cost_learner.hpp"

#include "actors/scheduling/learning/cost_file.hpp"

#include <pthread.h>
#include <spdlog/spdlog.h>
#include <utility>

namespace troupe::scheduling {
namespace {

constexpr std::chrono::seconds write_interval{10};
/// More measurements than a book remembers need not be kept for the file.
constexpr std::size_t most_fresh = 20'000;

} // namespace

cost_learner::cost_learner(std::filesystem::path file) : file_{std::move(file)} {
  if (auto known = load_costs(file_))
    book_ = std::move(*known);
  else
    spdlog::warn("what was learnt of run times cannot be read and is ignored: {}",
                 known.error().message());
  thread_ = std::thread{[this] { work(); }};
}

cost_learner::~cost_learner() {
  {
    const std::lock_guard held{mutex_};
    closing_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void cost_learner::observe(const cost_key& of, double seconds, std::uint64_t bytes) {
  const std::lock_guard held{mutex_};
  book_.observe(of, seconds, bytes);
  if (!file_.empty() && fresh_.size() < most_fresh) fresh_.push_back({of, seconds, bytes});
}

run_time_estimate cost_learner::estimate(const cost_key& of, std::optional<std::uint64_t> bytes,
                                         std::optional<double> declared) const {
  const std::lock_guard held{mutex_};
  return book_.estimate(of, bytes, declared);
}

void cost_learner::work() {
  pthread_setname_np(pthread_self(), "troupe-costs");
  std::unique_lock held{mutex_};
  while (true) {
    wake_.wait_for(held, write_interval, [this] { return closing_; });
    const bool last = closing_;
    if (auto fresh = std::exchange(fresh_, {}); !fresh.empty()) {
      held.unlock();
      write(std::move(fresh));
      held.lock();
    }
    if (last) return;
  }
}

/// Without the lock: nobody waits for the disk.
void cost_learner::write(std::vector<measurement> fresh) {
  const auto written = update_costs(file_, [&](cost_book& book) {
    for (const measurement& each : fresh)
      book.observe(each.of, each.seconds, each.bytes);
  });
  if (!written && !std::exchange(complained_, true))
    spdlog::warn("what is learnt of run times cannot be kept: {}", written.error().message());
}

} // namespace troupe::scheduling
