#include "cluster/testing/link_shape.hpp"

#include <algorithm>
#include <bit>

namespace troupe::cluster::testing {
namespace {

std::chrono::nanoseconds draw_below(scheduling::random_numbers& random,
                                    std::chrono::nanoseconds end) {
  return std::chrono::nanoseconds{
      end.count() > 0 ? random.below(static_cast<std::size_t>(end.count())) : 0};
}

} // namespace

std::chrono::nanoseconds latency_model::draw(scheduling::random_numbers& random) const {
  switch (how) {
  case kind::fixed:
    break;
  case kind::uniform:
    return least + draw_below(random, most - least + std::chrono::nanoseconds{1});
  case kind::heavy_tail: {
    // Doubled with a chance of one in four, again and again: whole numbers, the same on every machine.
    const auto drawn = random.below(std::size_t{1} << 40) | std::size_t{1} << 40;
    const auto times = std::int64_t{1} << (std::countr_zero(drawn) / 2);
    return std::min(least * times + draw_below(random, least * times), std::max(least, most));
  }
  }
  return least;
}

} // namespace troupe::cluster::testing
