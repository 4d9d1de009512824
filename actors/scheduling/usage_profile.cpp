#include "actors/scheduling/usage_profile.hpp"

#include <algorithm>
#include <limits>

namespace troupe::scheduling {

usage_profile::chunk::chunk() {
  std::fill(times, times + chunk_steps, std::numeric_limits<double>::infinity());
  std::fill(levels, levels + chunk_steps, 0.0);
}

std::size_t usage_profile::chunk::find(double time) const {
  // Counting without branches is quicker than a binary search that the processor cannot foresee.
  std::size_t before = 0;
  for (const double each : times)
    before += each <= time ? 1 : 0;
  return before - 1;
}

void usage_profile::chunk::insert(std::size_t step, double time, double level) {
  std::copy_backward(times + step, times + count, times + count + 1);
  std::copy_backward(levels + step, levels + count, levels + count + 1);
  times[step] = time;
  levels[step] = level;
  ++count;
}

void usage_profile::chunk::erase(std::size_t step) {
  std::copy(times + step + 1, times + count, times + step);
  std::copy(levels + step + 1, levels + count, levels + step);
  times[--count] = std::numeric_limits<double>::infinity();
}

std::size_t usage_profile::chunk::raise(std::size_t step, double finish, double amount) {
  bool least_raised = false;
  for (; step < count && times[step] < finish; ++step) {
    least_raised = least_raised || levels[step] == least;
    levels[step] += amount;
    most = std::max(most, levels[step]);
  }
  if (least_raised) measure();
  return step;
}

void usage_profile::chunk::measure() {
  const auto [low, high] = std::minmax_element(levels, levels + count);
  least = *low;
  most = *high;
}

usage_profile::usage_profile(std::uint64_t capacity) : capacity_{static_cast<double>(capacity)} {
  clear();
}

void usage_profile::clear() {
  chunks_.assign(1, {});
  chunks_[0].count = 1;
  chunks_[0].times[0] = 0;
  begins_.assign(1, 0);
  first_free_ = 0;
}

usage_profile::position usage_profile::find(double time) const {
  std::size_t at = begins_.size() - 1;
  if (time < begins_[at]) {
    const auto next = std::upper_bound(begins_.begin(), begins_.end(), time);
    at = static_cast<std::size_t>(next - begins_.begin()) - 1;
  }
  return {at, chunks_[at].find(time)};
}

double usage_profile::earliest(double ready, double seconds, std::uint64_t demand,
                               std::uint64_t& looked) const {
  const double bearable = capacity_ - static_cast<double>(demand);
  auto [c, s] = find(ready);
  double start = ready;
  bool free = true; // from `start` up to the step looked at
  for (; c < chunks_.size(); ++c, s = 0) {
    const chunk& in = chunks_[c];
    ++looked;
    // The loop below would find the same of all steps of these chunks.
    if (free && in.most + in.shift <= bearable) continue;
    if (s == 0 && !free && in.least + in.shift > bearable) continue;
    const double bearable_here = bearable - in.shift;
    for (; s < in.count; ++s, ++looked) {
      if (in.levels[s] > bearable_here) {
        if (free && in.times[s] >= start + seconds) return start;
        free = false;
      } else if (!free) {
        start = in.times[s];
        free = true;
      }
    }
  }
  return start;
}

void usage_profile::add(double start, double finish, std::uint64_t demand) {
  if (demand == 0 || !(start < finish)) return;
  const auto amount = static_cast<double>(demand);
  split(finish);
  const position first = split(start);
  position at = first;
  while (chunks_[at.chunk].times[at.step] < finish) {
    chunk& in = chunks_[at.chunk];
    if (at.step == 0 && at.chunk + 1 < chunks_.size() && begins_[at.chunk + 1] <= finish) {
      in.shift += amount;
      at = {at.chunk + 1, 0};
    } else if (at.step = in.raise(at.step, finish, amount); at.step == in.count) {
      at = {at.chunk + 1, 0};
    }
  }
  merge(at);
  merge(first);
  update_first_free();
}

usage_profile::position usage_profile::split(double time) {
  position at = find(time);
  if (chunks_[at.chunk].times[at.step] == time) return at;
  if (chunks_[at.chunk].count == chunk_steps) {
    halve(at.chunk);
    at = find(time);
  }
  chunk& in = chunks_[at.chunk];
  in.insert(at.step + 1, time, in.levels[at.step]);
  return {at.chunk, at.step + 1};
}

void usage_profile::halve(std::size_t full) {
  constexpr std::size_t half = chunk_steps / 2;
  chunk second;
  chunk& first = chunks_[full];
  std::copy(first.times + half, first.times + chunk_steps, second.times);
  std::copy(first.levels + half, first.levels + chunk_steps, second.levels);
  std::fill(first.times + half, first.times + chunk_steps, std::numeric_limits<double>::infinity());
  first.count = half;
  second.count = chunk_steps - half;
  second.shift = first.shift;
  first.measure();
  second.measure();
  const auto next = static_cast<std::ptrdiff_t>(full) + 1;
  begins_.insert(begins_.begin() + next, second.times[0]);
  chunks_.insert(chunks_.begin() + next, second);
}

void usage_profile::merge(position at) {
  if (at.chunk == 0 && at.step == 0) return;
  const position before = at.step > 0 ? position{at.chunk, at.step - 1}
                                      : position{at.chunk - 1, chunks_[at.chunk - 1].count - 1};
  if (level(before) != level(at)) return;
  const auto index = static_cast<std::ptrdiff_t>(at.chunk);
  if (chunks_[at.chunk].count == 1) {
    chunks_.erase(chunks_.begin() + index);
    begins_.erase(begins_.begin() + index);
    return;
  }
  chunks_[at.chunk].erase(at.step);
  begins_[at.chunk] = chunks_[at.chunk].times[0];
}

void usage_profile::update_first_free() {
  if (level({0, 0}) < capacity_)
    first_free_ = 0;
  else if (chunks_[0].count > 1)
    first_free_ = chunks_[0].times[1];
  else
    first_free_ = begins_[1];
}

} // namespace troupe::scheduling
