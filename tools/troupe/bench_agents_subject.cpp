#include "tools/troupe/bench_agents_subject.hpp"

#include "tools/troupe/cli_errc.hpp"

#include <fmt/format.h>
#include <fstream>
#include <malloc.h>
#include <unistd.h>

namespace troupe::cli {

namespace {

/// Bytes that malloc has given out, over all arenas and mappings.
std::size_t heap_in_use() {
  const auto all = mallinfo2();
  return all.uordblks + all.hblkhd;
}

std::size_t resident_bytes() {
  std::size_t total = 0, resident = 0;
  std::ifstream{"/proc/self/statm"} >> total >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

double growth_each(std::size_t before, std::size_t after, std::size_t agents) {
  return (static_cast<double>(after) - static_cast<double>(before)) / static_cast<double>(agents);
}

} // namespace

result<void> await(std::future<void> done, const char* what) {
  if (done.wait_for(longest_measurement) == std::future_status::ready) return {};
  return fail(cli_errc::bench_failed,
              fmt::format("{} did not end within {} minutes", what, longest_measurement.count()));
}

bench_rate rate_of(std::size_t count, const stopwatch& timer) {
  const auto [wall, cpu] = timer.elapsed();
  return {static_cast<double>(count) / wall, static_cast<double>(count) / cpu};
}

population_meter::population_meter() {
  // What an earlier round freed must not serve this one, else the resident set would not grow.
  malloc_trim(0);
  heap_ = heap_in_use();
  resident_ = resident_bytes();
  timer_ = stopwatch{};
}

population_cost population_meter::finish(std::size_t agents) const {
  return {.starts = rate_of(agents, timer_),
          .heap_bytes_each = growth_each(heap_, heap_in_use(), agents),
          .resident_bytes_each = growth_each(resident_, resident_bytes(), agents)};
}

} // namespace troupe::cli
