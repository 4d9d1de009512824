#include "actors/workflow/retention.hpp"

#include "actors/workflow/errors.hpp"

#include <utility>

namespace troupe::workflow {

retention::retention(retention_options options)
    : options_(std::move(options)), thread_([this] { keep_looking(); }) {}

retention::~retention() {
  {
    const std::lock_guard lock{mutex_};
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void retention::keep_looking() {
  do {
    const auto found = look();
    // That it was interrupted is its end, and nobody's business.
    if (!found && found.error().code == workflow_errc::interrupted) return;
    options_.told(found);
  } while (wait_for_next());
}

result<pruned_runs> retention::look() {
  const auto rows = options_.open();
  if (!rows) return tl::unexpected(rows.error());
  prune_options wanted;
  wanted.closed_before =
      options_.now() -
      std::chrono::duration_cast<std::chrono::system_clock::duration>(options_.age);
  wanted.keep = options_.keep;
  wanted.archive = options_.archive;
  store_watch watch;
  watch.stopped = [this] { return is_ending(); };
  return prune_store(**rows, wanted, watch);
}

bool retention::is_ending() {
  const std::lock_guard lock{mutex_};
  return ending_;
}

bool retention::wait_for_next() {
  std::unique_lock lock{mutex_};
  has_looked_ = true;
  changed_.notify_all();
  return !changed_.wait_for(lock, options_.interval, [this] { return ending_; });
}

bool retention::wait_for_look(std::chrono::milliseconds most) {
  std::unique_lock lock{mutex_};
  return changed_.wait_for(lock, most, [this] { return has_looked_; });
}

} // namespace troupe::workflow
