#include "actors/scheduling/usage_profile.hpp"

#include <algorithm>

namespace troupe::scheduling {

void usage_profile::chunk::measure() {
  const auto [low, high] = std::minmax_element(levels, levels + count);
  least = *low;
  most = *high;
}

usage_profile::usage_profile(std::uint64_t capacity) : capacity_{capacity} {
  clear();
}

void usage_profile::clear() {
  chunks_.resize(1);
  chunk& only = chunks_.front();
  only.count = 1;
  only.shift = only.least = only.most = 0;
  only.times[0] = 0;
  only.levels[0] = 0;
  first_free_ = 0;
}

usage_profile::position usage_profile::find(double time) const {
  std::size_t at = 0;
  if (chunks_.size() > 1) {
    const auto next =
        std::upper_bound(chunks_.begin() + 1, chunks_.end(), time,
                         [](double t, const chunk& each) { return t < each.times[0]; });
    at = static_cast<std::size_t>(next - chunks_.begin()) - 1;
  }
  const chunk& in = chunks_[at];
  const auto step = std::upper_bound(in.times + 1, in.times + in.count, time) - in.times - 1;
  return {at, static_cast<std::size_t>(step)};
}

double usage_profile::earliest(double ready, double seconds, std::uint64_t demand,
                               std::uint64_t& looked) const {
  const std::uint64_t bearable = capacity_ - demand;
  auto [c, s] = find(ready);
  double start = ready;
  bool free = true; // from `start` up to the step looked at
  for (; c < chunks_.size(); ++c, s = 0) {
    const chunk& in = chunks_[c];
    ++looked;
    // The loop below would find the same of all steps of these chunks.
    if (s == 0 && free && in.most + in.shift <= bearable) continue;
    if (s == 0 && !free && in.least + in.shift > bearable) continue;
    for (; s < in.count; ++s, ++looked) {
      if (in.levels[s] + in.shift > bearable) {
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
  split(finish);
  position at = split(start);
  for (std::size_t c = at.chunk, s = at.step; c < chunks_.size(); ++c, s = 0) {
    chunk& in = chunks_[c];
    if (in.times[s] >= finish) break;
    if (s == 0 && in.times[in.count - 1] < finish) {
      in.shift += demand;
      continue;
    }
    for (; s < in.count && in.times[s] < finish; ++s)
      in.levels[s] += demand;
    in.measure();
  }
  merge(finish);
  merge(start);
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
  const std::size_t next = at.step + 1;
  std::copy_backward(in.times + next, in.times + in.count, in.times + in.count + 1);
  std::copy_backward(in.levels + next, in.levels + in.count, in.levels + in.count + 1);
  in.times[next] = time;
  in.levels[next] = in.levels[at.step];
  ++in.count;
  return {at.chunk, next};
}

void usage_profile::halve(std::size_t full) {
  chunks_.insert(chunks_.begin() + static_cast<std::ptrdiff_t>(full) + 1, chunks_[full]);
  chunk &first = chunks_[full], &second = chunks_[full + 1];
  constexpr std::size_t half = chunk_steps / 2;
  std::copy(second.times + half, second.times + chunk_steps, second.times);
  std::copy(second.levels + half, second.levels + chunk_steps, second.levels);
  first.count = half;
  second.count = chunk_steps - half;
  first.measure();
  second.measure();
}

void usage_profile::merge(double time) {
  const position at = find(time);
  if (chunks_[at.chunk].times[at.step] != time || (at.chunk == 0 && at.step == 0)) return;
  const position before = at.step > 0 ? position{at.chunk, at.step - 1}
                                      : position{at.chunk - 1, chunks_[at.chunk - 1].count - 1};
  if (level(before) == level(at)) erase(at);
}

void usage_profile::erase(position at) {
  chunk& in = chunks_[at.chunk];
  if (in.count == 1) {
    chunks_.erase(chunks_.begin() + static_cast<std::ptrdiff_t>(at.chunk));
    return;
  }
  std::copy(in.times + at.step + 1, in.times + in.count, in.times + at.step);
  std::copy(in.levels + at.step + 1, in.levels + in.count, in.levels + at.step);
  --in.count;
  in.measure();
}

void usage_profile::update_first_free() {
  if (level({0, 0}) < capacity_)
    first_free_ = 0;
  else if (chunks_[0].count > 1)
    first_free_ = chunks_[0].times[1];
  else
    first_free_ = chunks_[1].times[0];
}

} // namespace troupe::scheduling
