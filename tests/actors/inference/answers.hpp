#pragma once

#include "actors/inference/service.hpp"

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

namespace troupe::test {

/// Collects the answers of a service by number, from any thread.
class answers {
public:
  [[nodiscard]] inference::extract_responder take(std::size_t number) {
    return [this, number](reply<inference::extraction> answer) {
      const std::lock_guard lock{mutex_};
      got_[number].push_back(std::move(answer));
      arrived_.notify_all();
    };
  }

  /// Waits until `count` texts are answered; throws when a minute passes without any answer, so that
  /// slow builds (sanitizers) on busy machines pass.
  void wait_for(std::size_t count) {
    std::unique_lock lock{mutex_};
    while (got_.size() < count) {
      const std::size_t before = got_.size();
      if (!arrived_.wait_for(lock, std::chrono::minutes{1}, [&] { return got_.size() > before; }))
        throw std::runtime_error{"only " + std::to_string(before) + " of " + std::to_string(count) +
                                 " texts were answered, and none within the last minute"};
    }
  }

  [[nodiscard]] std::size_t size() {
    const std::lock_guard lock{mutex_};
    return got_.size();
  }

  /// The one answer to text `number`; throws when there is none, or a second one.
  [[nodiscard]] reply<inference::extraction> at(std::size_t number) {
    const std::lock_guard lock{mutex_};
    const auto& all = got_[number];
    if (all.size() != 1)
      throw std::runtime_error{"text " + std::to_string(number) + " has " +
                               std::to_string(all.size()) + " answers"};
    return all.front();
  }

  /// The type of the failure that answered text `number`; empty when it succeeded.
  [[nodiscard]] std::string failure_of(std::size_t number) {
    const auto answer = at(number);
    return answer ? "" : answer.error().type;
  }

private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::map<std::size_t, std::vector<reply<inference::extraction>>> got_;
};

} // namespace troupe::test
