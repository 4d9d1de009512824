#pragma once

#include "tests/actors/workflow/engine_harness.hpp"

#include <iterator>
#include <map>

namespace troupe::test {

/// Groups as a commit thread does, and appends only when the test lets it.
class held_committer final : public committer {
public:
  explicit held_committer(store& history) : inner_(history) {}
  void add(std::vector<append_batch> batches) override {
    std::move(batches.begin(), batches.end(), std::back_inserter(gathered_));
    if (under_way_.empty()) begin();
  }
  std::optional<finished_commit> poll() override { return inner_.poll(); }
  finished_commit wait() override {
    let_go();
    return inner_.wait();
  }
  void let_go() {
    BOOST_REQUIRE(!under_way_.empty());
    inner_.add(std::exchange(under_way_, {}));
    if (!gathered_.empty()) begin();
  }
  /// In the transaction that is under way.
  [[nodiscard]] std::size_t runs_held() const { return under_way_.size(); }

  std::size_t begun = 0;

private:
  void begin() {
    under_way_ = std::exchange(gathered_, {});
    ++begun;
  }

  inline_committer inner_;
  std::vector<append_batch> under_way_, gathered_;
};

struct held_fixture : engine_fixture {
  std::shared_ptr<held_committer> commits;
  std::map<std::string, result<void>> told;

  [[nodiscard]] std::unique_ptr<engine_harness> start(engine_options options = {}) {
    return std::make_unique<engine_harness>(open(), options, [this](store& history) {
      return commits = std::make_shared<held_committer>(history);
    });
  }
  void submit(engine_harness& to, const std::string& run, const std::string& more = "") {
    to.core->submit(load("name: w\nsteps: { a: { agent: files.list }, b: { agent: files.list, "
                         "needs: [a] } }\n" +
                         more),
                    {}, {run}, [this, run](result<void> done) { told.emplace(run, done); });
    to.core->commit();
  }
  void let_go(engine_harness& of) const {
    commits->let_go();
    of.turn();
  }
  /// Lets every commit and every attempt be.
  void finish(engine_harness& of) const {
    while (commits->runs_held() > 0 || !of.attempts.empty()) {
      if (commits->runs_held() > 0) let_go(of);
      if (!of.attempts.empty()) of.answer_one();
      of.turn();
    }
  }
  /// Another owner, long after the lease of the first one.
  [[nodiscard]] std::unique_ptr<store> claimed_by_another(const std::string& run) const {
    auto another = open("s.db", at(3'600));
    must(another->claim(run, at(3'600)));
    return another;
  }
};

} // namespace troupe::test
