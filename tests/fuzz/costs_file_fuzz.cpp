// What was learnt of run times, as a file that anybody may have written has it.
#include "actors/scheduling/learning/cost_file.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <cmath>

using namespace troupe;
using namespace troupe::scheduling;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto read = parse_costs(fuzz::as_text(data, size), "c.json");
  if (!read) {
    fuzz::require(read.error().context.starts_with("c.json:"), "an error names the file");
    return 0;
  }
  for (const auto& [key, entry] : read->entries()) {
    const auto of = read->estimate(key, size * size);
    fuzz::require(std::isfinite(of.mean_seconds) && of.mean_seconds > 0, "a mean is a time");
    fuzz::require(of.p50_seconds <= of.p95_seconds, "quantiles are in order");
  }
  const auto again = parse_costs(format_costs(*read), "c.json");
  fuzz::require(again && again->entries().size() == read->entries().size(), "it is read again");
  read->observe({"agent", "node", "w/s"}, 1, size);
  fuzz::require(parse_costs(format_costs(*read), "c.json").has_value(), "it goes on");
  return 0;
}
