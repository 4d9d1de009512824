// A run's history as a store gives it back: a row of events, each after two bytes of its length. Whatever they say, the
// machine takes an event or refuses it without changing its state.
#include "actors/workflow/event_bytes.hpp"
#include "actors/workflow/event_codec.hpp"
#include "actors/workflow/machine.hpp"
#include "tests/actors/workflow/known_agents.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/fuzz/stable_bytes.hpp"

using namespace troupe;
using namespace troupe::workflow;

namespace {

/// @returns whether the machine took it.
bool take(machine& run, const event& happened) {
  const std::uint64_t before = run.version();
  const auto wanted = run.apply(happened);
  fuzz::require(run.version() == before + (wanted ? 1 : 0), "an event counts when it was taken");
  if (!wanted) return false;
  // What follows from the state must not fail either.
  for (const attempt_id& attempt : run.in_flight()) {
    fuzz::require(run.is_current(attempt), "attempts in flight are current");
    static_cast<void>(run.request(attempt.instance));
    static_cast<void>(run.deadline(attempt, happened.time, std::chrono::hours{1}));
    static_cast<void>(run.judge(attempt, {"test.failed", "", true}, happened.time));
  }
  for (const command& each : *wanted)
    if (const auto* open = std::get_if<decide_instance>(&each))
      static_cast<void>(run.decide(open->instance));
  static_cast<void>(run.close_times());
  fuzz::require(run.summary().run_id() == run.run_id(), "a summary says which run it is");
  return true;
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // A history is checked against the message types of the whole program.
  static const test::known_agents agents;
  machine run;
  std::string_view rest = fuzz::as_text(data, size);
  while (rest.size() >= 2) {
    const std::size_t length =
        static_cast<unsigned char>(rest[0]) * 256U + static_cast<unsigned char>(rest[1]);
    const std::string_view row = rest.substr(2, length);
    rest.remove_prefix(2 + row.size());
    v1::Event stored;
    if (!stored.ParseFromArray(row.data(), static_cast<int>(row.size()))) return 0;
    const auto happened = decode(stored);
    if (!happened) return fuzz::require(!happened.error().context.empty(), "an error says why"), 0;
    const auto again = decode(encode(*happened));
    fuzz::require(again &&
                      fuzz::stable_bytes(encode(*again)) == fuzz::stable_bytes(encode(*happened)),
                  "events survive the store");
    std::string bytes;
    append_bytes(bytes, *happened);
    v1::Event written;
    fuzz::require(written.ParseFromString(bytes) &&
                      fuzz::stable_bytes(written) == fuzz::stable_bytes(encode(*happened)),
                  "both ways to the wire give the same");
    if (!take(run, *happened)) return 0;
  }
  return 0;
}
