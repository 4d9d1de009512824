#pragma once

#include "actors/workflow/engine_core.hpp"
#include "actors/workflow/errors.hpp"
#include "actors/workflow/sqlite_store.hpp"
#include "tests/actors/workflow/support.hpp"
#include "tests/support/files.hpp"

#include <deque>
#include <functional>

namespace troupe::test {

/// Hands everything on to a real store; tests override what they want to be otherwise.
class forwarding_store : public store {
public:
  explicit forwarding_store(std::unique_ptr<store> real) : real_(std::move(real)) {}
  result<void> append(std::span<const append_batch> batches) override {
    return real_->append(batches);
  }
  result<std::vector<std::string>> read(const std::string& run) override {
    return real_->read(run);
  }
  result<std::vector<run_entry>> list(const run_filter& filter) override {
    return real_->list(filter);
  }
  result<run_entry> find(const std::string& run) override { return real_->find(run); }
  result<std::uint64_t> claim(const std::string& run, time_point now) override {
    return real_->claim(run, now);
  }
  result<claims> claim_all(std::span<const std::string> run_ids, time_point now) override {
    return real_->claim_all(run_ids, now);
  }
  result<void> release(const std::string& run) override { return real_->release(run); }
  result<void> request_cancel(const cancel_request& wanted, time_point now) override {
    return real_->request_cancel(wanted, now);
  }
  result<std::vector<cancel_request>> cancel_requests() override {
    return real_->cancel_requests();
  }
  result<void> request_signal(const signal_request& wanted, time_point now) override {
    return real_->request_signal(wanted, now);
  }
  result<std::vector<signal_request>> signal_requests() override {
    return real_->signal_requests();
  }
  result<void> drop_signals(std::span<const std::string> ids) override {
    return real_->drop_signals(ids);
  }
  result<void> renew(time_point now) override { return real_->renew(now); }
  void release_all() noexcept override { real_->release_all(); }
  [[nodiscard]] const std::string& owner() const override { return real_->owner(); }
  [[nodiscard]] std::chrono::milliseconds lease_time() const override {
    return real_->lease_time();
  }

private:
  std::unique_ptr<store> real_;
};

/// A store that refuses everything after a number of commits, as if the process or the disk had
/// ended there.
class failing_store final : public forwarding_store {
public:
  failing_store(std::unique_ptr<store> real, std::size_t commits)
      : forwarding_store(std::move(real)), left_(commits) {}
  result<void> append(std::span<const append_batch> batches) override {
    if (left_ == 0) return fail(workflow_errc::store_full, "the disk of this test is full");
    --left_;
    return forwarding_store::append(batches);
  }

private:
  std::size_t left_;
};

/// An engine core on a virtual clock and the calling thread. Attempts are answered by a rule, when
/// the test says so.
struct engine_harness {
  using rule = std::function<reply<message_ptr>(const attempt_request&)>;

  std::unique_ptr<store> history;
  known_agents agents;
  engine_options options;
  rule answers = [](const attempt_request& asked) -> reply<message_ptr> {
    return answer(*asked.payload);
  };
  time_point now = at(0);
  std::deque<std::function<void()>> posted;
  struct flying {
    attempt_request request;
    responder then;
  };
  std::deque<flying> attempts;
  /// Idempotency keys of every attempt that was started, in order.
  std::vector<std::string> started;
  std::vector<v1::Event> committed;
  std::unique_ptr<engine_core> core;

  /// @param commits without one, commits are done within the core's calls.
  explicit engine_harness(std::unique_ptr<store> opened, engine_options how = {},
                          std::function<std::shared_ptr<committer>(store&)> commits = {})
      : history(std::move(opened)), options(how) {
    core = std::make_unique<engine_core>(engine_environment{
        *history, agents,
        [this](attempt_request asked, responder then) {
          started.push_back(asked.idempotency_key);
          attempts.push_back({std::move(asked), std::move(then)});
        },
        [this] { return now; },
        [this](std::function<void()> task) { posted.push_back(std::move(task)); }, options,
        commits ? commits(*history) : nullptr});
    core->subscribe(
        [this](const std::string&, const v1::Event& each) { committed.push_back(each); });
  }

  result<void> submit(const definition_ptr& workflow, const input_values& inputs,
                      const std::string& run = "r", std::int32_t priority = 0) {
    result<void> outcome = troupe::fail(workflow_errc::none, "not told");
    core->submit(workflow, inputs, {run, priority},
                 [&](result<void> done) { outcome = std::move(done); });
    core->commit();
    return outcome;
  }
  /// One turn: what was posted and is due, then a commit.
  void turn() {
    for (auto tasks = std::exchange(posted, {}); const auto& task : tasks)
      task();
    core->fire_timers();
    core->commit();
  }
  /// Answers the oldest attempt.
  void answer_one() {
    flying next = std::move(attempts.front());
    attempts.pop_front();
    next.then(answers(next.request));
  }
  /// Goes on until nothing is in flight and nothing is due, moving the clock to the next wait when
  /// `wait` is set.
  void go_on(bool wait = true) {
    for (int i = 0; i < 100'000 && !core->failed(); ++i) {
      turn();
      if (!attempts.empty()) {
        answer_one();
      } else if (posted.empty()) {
        if (core->runs_at_work() == 0 || !wait) return;
        now = std::max(now, core->next_due());
      }
    }
  }
  /// Moves the clock on, from one thing that is due to the next, and answers nothing.
  void wait_until(time_point moment) {
    for (turn(); now < moment && !core->failed(); turn())
      now = std::min(moment, std::max(now, core->next_wake()));
  }
  [[nodiscard]] v1::RunSummary summary(const std::string& run = "r") const {
    return must(core->summary(run));
  }
};

/// Opens a store by a name that is the test's own. Other stores than SQLite's take the place of this one where a program
/// is run for them.
using store_opener = std::function<std::unique_ptr<store>(const std::string& name, time_point now)>;
inline store_opener& other_stores() {
  static store_opener opener;
  return opener;
}

struct engine_fixture {
  temporary_folder folder;

  [[nodiscard]] std::unique_ptr<store> open(const std::string& name = "s.db",
                                            time_point now = at(0)) const {
    if (other_stores()) return other_stores()(folder.path().filename().string() + name, now);
    sqlite_store_options options;
    options.now = now;
    return must(open_sqlite_store(folder.path() / name, options));
  }
};

inline const input_values main_inputs{{"folder", "in"}, {"output", "out"}};

} // namespace troupe::test
