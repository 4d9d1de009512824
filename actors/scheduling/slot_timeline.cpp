#include "actors/scheduling/slot_timeline.hpp"

#include <algorithm>

namespace troupe::scheduling {

void slot_timeline::chunk::measure() {
  longest = 0;
  for (const gap& each : gaps)
    longest = std::max(longest, each.length());
}

double slot_timeline::earliest(double ready, double seconds) const {
  if (end_ <= ready) return ready;
  auto in = std::partition_point(chunks_.begin(), chunks_.end(),
                                 [&](const chunk& each) { return each.gaps.back().end < ready; });
  for (; in != chunks_.end(); ++in) {
    // Lengths and sums are rounded, so a chunk is passed only where it is clearly too short.
    const double doubt = in->gaps.back().end * 0x1p-50;
    if (in->longest + doubt < seconds) continue;
    for (const gap& each : in->gaps) {
      const double start = std::max(ready, each.start);
      if (start + seconds <= each.end) return start;
    }
  }
  return std::max(ready, end_);
}

void slot_timeline::add(double start, double finish) {
  if (start >= end_) {
    if (const gap before{end_, start}; worth_keeping(before)) append(before);
    end_ = finish;
    return;
  }
  const auto in = std::partition_point(chunks_.begin(), chunks_.end(), [&](const chunk& each) {
    return each.gaps.back().end <= start;
  });
  if (in == chunks_.end()) return;
  const auto at = std::partition_point(in->gaps.begin(), in->gaps.end(),
                                       [&](const gap& each) { return each.end <= start; });
  if (at->start > start) return;
  cut(static_cast<std::size_t>(in - chunks_.begin()),
      static_cast<std::size_t>(at - in->gaps.begin()), start, finish);
}

void slot_timeline::append(gap last) {
  if (chunks_.empty() || chunks_.back().gaps.size() >= chunk_gaps) chunks_.emplace_back();
  chunks_.back().gaps.push_back(last);
  chunks_.back().longest = std::max(chunks_.back().longest, last.length());
}

void slot_timeline::cut(std::size_t c, std::size_t index, double start, double finish) {
  auto& gaps = chunks_[c].gaps;
  const gap before{gaps[index].start, start}, after{finish, gaps[index].end};
  const auto at = gaps.erase(gaps.begin() + static_cast<std::ptrdiff_t>(index));
  const auto second = worth_keeping(after) ? gaps.insert(at, after) : at;
  if (worth_keeping(before)) gaps.insert(second, before);
  if (gaps.empty()) {
    chunks_.erase(chunks_.begin() + static_cast<std::ptrdiff_t>(c));
    return;
  }
  if (gaps.size() > chunk_gaps) {
    chunk upper;
    const auto half = gaps.begin() + static_cast<std::ptrdiff_t>(gaps.size() / 2);
    upper.gaps.assign(half, gaps.end());
    upper.measure();
    gaps.erase(half, gaps.end());
    chunks_[c].measure();
    chunks_.insert(chunks_.begin() + static_cast<std::ptrdiff_t>(c) + 1, std::move(upper));
    return;
  }
  chunks_[c].measure();
}

} // namespace troupe::scheduling
