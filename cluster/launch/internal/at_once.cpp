#include "cluster/launch/internal/at_once.hpp"

#include "cluster/launch/defaults.hpp"

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

namespace troupe::cluster {

result<void> each_at_once(std::size_t count, const std::function<result<void>(std::size_t)>& one) {
  std::vector<result<void>> ends(count);
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < count; i = next++)
      ends[i] = one(i);
  };
  std::vector<std::thread> helpers;
  for (std::size_t i = 1; i < std::min(count, launch_defaults::at_once); ++i)
    helpers.emplace_back(work);
  work();
  for (auto& each : helpers)
    each.join();
  const auto failed = std::find_if(ends.begin(), ends.end(), [](const auto& end) { return !end; });
  return failed == ends.end() ? result<void>{} : *failed;
}

} // namespace troupe::cluster
