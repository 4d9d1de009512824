#include "actors/runtime/dead_letters.hpp"

#include <algorithm>
#include <deque>
#include <mutex>
#include <utility>

namespace troupe {
namespace {

class memory_dead_letters final : public dead_letter_store {
public:
  explicit memory_dead_letters(std::size_t most) : most_(std::max<std::size_t>(1, most)) {}

  result<void> append(const dead_letter& letter) override {
    std::lock_guard lock{mutex_};
    if (const auto same = position_of(letter.id); same != letters_.end()) letters_.erase(same);
    if (letters_.size() >= most_) letters_.erase(least_wanted());
    letters_.push_back(letter);
    return {};
  }

  result<std::vector<dead_letter>> list(const dead_letter_filter& filter) override {
    std::lock_guard lock{mutex_};
    std::vector<dead_letter> found;
    for (auto at = letters_.rbegin(); at != letters_.rend() && found.size() < filter.limit; ++at)
      if (!filter.state || at->state == *filter.state) {
        found.push_back(*at);
        found.back().payload.bytes.clear();
      }
    return found;
  }

  result<std::optional<dead_letter>> find(const std::string& id) override {
    std::lock_guard lock{mutex_};
    const auto at = position_of(id);
    return at == letters_.end() ? std::nullopt : std::optional{*at};
  }

  result<bool> mark_replayed(const std::string& id) override {
    std::lock_guard lock{mutex_};
    const auto at = position_of(id);
    if (at == letters_.end()) return false;
    at->state = dead_letter_state::replayed;
    return true;
  }

  result<bool> remove(const std::string& id) override {
    std::lock_guard lock{mutex_};
    const auto at = position_of(id);
    if (at == letters_.end()) return false;
    letters_.erase(at);
    return true;
  }

private:
  using letters = std::deque<dead_letter>;

  letters::iterator position_of(const std::string& id) {
    return std::find_if(letters_.begin(), letters_.end(),
                        [&id](const dead_letter& each) { return each.id == id; });
  }
  letters::iterator least_wanted() {
    const auto done = std::find_if(letters_.begin(), letters_.end(), [](const dead_letter& each) {
      return each.state == dead_letter_state::replayed;
    });
    return done == letters_.end() ? letters_.begin() : done;
  }

  const std::size_t most_;
  std::mutex mutex_;
  /// Oldest first.
  letters letters_;
};

} // namespace

std::shared_ptr<dead_letter_store> make_memory_dead_letters(std::size_t most) {
  return std::make_shared<memory_dead_letters>(most);
}

} // namespace troupe
