// A stream of arrivals and, after a line "%%", its true run times: what is accepted is inside all limits.
#include "actors/scheduling/defaults.hpp"
#include "actors/scheduling/online/stream_reader.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <set>

using namespace troupe;
namespace limits = scheduling::defaults;

namespace {

void check(const scheduling::arrival_stream& stream) {
  fuzz::require(!stream.workflows.empty(), "a stream has workflows");
  fuzz::require(stream.sigma >= 0 && stream.sigma <= limits::most_sigma, "sigma");
  fuzz::require(stream.load >= 0 && stream.load <= limits::most_load, "load");
  std::set<std::string_view> ids;
  for (const auto& each : stream.workflows) {
    fuzz::require(ids.insert(each.id).second, "ids differ");
    fuzz::require(each.arrival_seconds >= 0 && each.arrival_seconds <= limits::most_run_seconds,
                  "arrival");
    fuzz::require(!each.instance.empty() && each.instance.find('/') == each.instance.npos,
                  "an instance is a file name");
  }
}

void check(const scheduling::stream_truth& truth, const scheduling::arrival_stream& stream) {
  fuzz::require(truth.factors.size() == stream.workflows.size(), "every workflow has factors");
  for (const auto& factors : truth.factors)
    for (const double factor : factors)
      fuzz::require(factor > 0 && factor <= limits::most_truth_factor, "factor");
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parts = fuzz::sections(fuzz::as_text(data, size));
  const auto stream = scheduling::parse_stream(parts.front(), "stream.json");
  if (!stream) return fuzz::require(!stream.error().context.empty(), "an error says why"), 0;
  check(*stream);
  if (parts.size() < 2) return 0;
  const auto truth = scheduling::parse_truth(parts[1], "truth.json", *stream);
  if (!truth) return fuzz::require(!truth.error().context.empty(), "an error says why"), 0;
  check(*truth, *stream);
  return 0;
}
