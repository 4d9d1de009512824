#include "actors/workflow/memory_store.hpp"

#include "actors/workflow/errors.hpp"
#include "actors/workflow/stored_cancel.hpp"
#include "actors/workflow/stored_rows.hpp"
#include "troupe/v1/run.pb.h"

#include <algorithm>
#include <deque>
#include <unordered_map>
#include <utility>

namespace troupe::workflow {
namespace {

const std::string memory_name = "memory";

class memory_store final : public store {
public:
  explicit memory_store(const memory_store_options& options) : options_(options) {}

  result<void> append(std::span<const append_batch> batches) override {
    for (const append_batch& each : batches)
      if (auto fit = check(each); !fit) return fit;
    for (const append_batch& each : batches)
      add(each);
    return {};
  }

  result<std::vector<std::string>> read(const std::string& run_id) override {
    const kept* run = of(run_id);
    if (!run) return tl::unexpected(no_such_run(run_id, memory_name));
    std::vector<std::string> made;
    made.reserve(run->entry.version);
    for (const event_list& part : run->parts)
      for (const std::string_view each : part)
        made.emplace_back(each);
    return made;
  }

  result<std::vector<run_entry>> list(const run_filter& filter) override {
    std::vector<const kept*> found;
    for (const auto& [run_id, run] : runs_)
      if (is_wanted(run.entry, filter) && has_all(run.tags, filter.tags)) found.push_back(&run);
    const auto end =
        found.begin() + static_cast<std::ptrdiff_t>(std::min(found.size(), filter.limit));
    std::partial_sort(found.begin(), end, found.end(), [](const kept* a, const kept* b) {
      return std::tie(a->entry.started, a->number) > std::tie(b->entry.started, b->number);
    });
    std::vector<run_entry> made;
    for (auto each = found.begin(); each != end; ++each)
      made.push_back((*each)->entry);
    return made;
  }

  result<run_entry> find(const std::string& run_id) override {
    const kept* run = of(run_id);
    if (!run) return tl::unexpected(no_such_run(run_id, memory_name));
    return run->entry;
  }

  result<std::uint64_t> claim(const std::string& run_id, time_point) override {
    const kept* run = of(run_id);
    if (!run) return tl::unexpected(no_such_run(run_id, memory_name));
    return run->entry.epoch;
  }
  result<claims> claim_all(std::span<const std::string> run_ids, time_point now) override {
    claims made;
    made.reserve(run_ids.size());
    for (const std::string& each : run_ids)
      made.push_back(claim(each, now));
    return made;
  }
  result<void> release(const std::string&) override { return {}; }

  result<void> request_cancel(const cancel_request& wanted, time_point) override {
    if (auto open = check_open(wanted.run_id, nothing_to_cancel); !open) return open;
    if (of(wanted.run_id)->entry.status != v1::RUN_STATUS_RUNNING && !wanted.force)
      return tl::unexpected(nothing_to_cancel(wanted.run_id));
    const auto there = std::ranges::find(cancels_, wanted.run_id, &cancel_request::run_id);
    if (there == cancels_.end())
      cancels_.push_back(wanted);
    else
      (void)hasten(*there, wanted);
    return {};
  }
  result<std::vector<cancel_request>> cancel_requests() override { return cancels_; }

  result<void> request_signal(const signal_request& wanted, time_point) override {
    if (auto fit = check_bounds(wanted); !fit) return fit;
    if (auto open = check_open(wanted.run_id, nobody_to_signal); !open) return open;
    if (std::ranges::find(signals_, wanted.id, &signal_request::id) != signals_.end()) return {};
    const auto kept = std::ranges::count(signals_, wanted.run_id, &signal_request::run_id);
    if (static_cast<std::size_t>(kept) >= signal_bounds::kept)
      return tl::unexpected(has_too_many_signals(wanted.run_id, kept));
    signals_.push_back(wanted);
    return {};
  }
  result<std::vector<signal_request>> signal_requests() override { return signals_; }
  result<void> drop_signals(std::span<const std::string> ids) override {
    std::erase_if(signals_, [&](const signal_request& each) {
      return std::ranges::find(ids, each.id) != ids.end();
    });
    return {};
  }

  result<void> renew(time_point) override { return {}; }
  void release_all() noexcept override {}
  [[nodiscard]] const std::string& owner() const override { return owner_; }
  [[nodiscard]] std::chrono::milliseconds lease_time() const override {
    return std::chrono::hours{24};
  }
  [[nodiscard]] bool waits() const override { return false; }

private:
  struct kept {
    run_entry entry;
    std::map<std::string, std::string> tags;
    /// The order in which runs were made.
    std::uint64_t number = 0;
    /// What came at once, each.
    std::vector<event_list> parts;
  };

  [[nodiscard]] const kept* of(const std::string& run_id) const {
    const auto found = runs_.find(run_id);
    return found == runs_.end() ? nullptr : &found->second;
  }
  [[nodiscard]] static bool is_closed(const run_entry& run) {
    return run.closed.time_since_epoch().count() != 0;
  }
  [[nodiscard]] static bool is_wanted(const run_entry& run, const run_filter& filter) {
    return (filter.statuses.empty() ||
            std::ranges::find(filter.statuses, run.status) != filter.statuses.end()) &&
           (filter.workflow.empty() || filter.workflow == run.workflow) &&
           (!filter.started_since || run.started >= *filter.started_since) &&
           (!filter.started_before || run.started < *filter.started_before) &&
           (!filter.closed_since || (is_closed(run) && run.closed >= *filter.closed_since));
  }
  [[nodiscard]] static bool has_all(const std::map<std::string, std::string>& tags,
                                    const std::map<std::string, std::string>& wanted) {
    return std::ranges::includes(tags, wanted);
  }
  result<void> check_open(const std::string& run_id, error (*closed)(const std::string&)) {
    const kept* run = of(run_id);
    if (!run) return tl::unexpected(no_such_run(run_id, memory_name));
    if (is_closed(run->entry)) return tl::unexpected(closed(run_id));
    return {};
  }

  result<void> check(const append_batch& batch) const {
    if (auto sound = check_batch(batch); !sound) return sound;
    const kept* run = of(batch.entry.run_id);
    if (batch.expected_version > 0)
      return run ? check_fits(batch, run->entry, owner_)
                 : tl::unexpected(no_such_run(batch.entry.run_id, memory_name));
    if (run) return tl::unexpected(run_is_there(batch.entry.run_id, memory_name));
    return {};
  }

  void add(const append_batch& batch) {
    kept& run = runs_[batch.entry.run_id];
    if (batch.expected_version == 0) {
      run.number = ++last_number_;
      run.tags = batch.entry.tags;
    }
    run.entry = batch.entry;
    run.entry.tags.clear();
    run.entry.version = batch.expected_version + batch.events.size();
    run.entry.owner = owner_;
    run.entry.epoch = batch.epoch;
    run.parts.push_back(batch.events);
    if (is_closed(run.entry)) close(batch.entry.run_id);
  }

  void close(const std::string& run_id) {
    std::erase_if(cancels_, [&](const cancel_request& each) { return each.run_id == run_id; });
    std::erase_if(signals_, [&](const signal_request& each) { return each.run_id == run_id; });
    closed_.push_back(run_id);
    if (closed_.size() <= options_.most_closed_runs) return;
    runs_.erase(closed_.front());
    closed_.pop_front();
  }

  memory_store_options options_;
  std::string owner_ = make_owner_name();
  std::unordered_map<std::string, kept> runs_;
  std::uint64_t last_number_ = 0;
  /// The one that was closed first first.
  std::deque<std::string> closed_;
  std::vector<cancel_request> cancels_;
  std::vector<signal_request> signals_;
};

} // namespace

std::unique_ptr<store> make_memory_store(const memory_store_options& options) {
  return std::make_unique<memory_store>(options);
}

} // namespace troupe::workflow
