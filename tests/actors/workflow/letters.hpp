#pragma once

#include "actors/runtime/dead_letters.hpp"
#include "tests/support/results.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <memory>
#include <string>

namespace troupe::test {

/// A letter put away `second` seconds after 1970.
inline dead_letter letter_of(const std::string& id, int second = 0) {
  dead_letter letter;
  letter.id = id;
  letter.time = std::chrono::system_clock::time_point{std::chrono::seconds{second}};
  letter.target = {"files.read", "disk"};
  letter.payload = {"type.googleapis.com/troupe.v1.ReadFileRequest", std::string{"\n\1x\0", 4}};
  letter.size_bytes = letter.payload.bytes.size();
  letter.idempotency_key = "run/step/0";
  letter.why = {"runtime.agent_failed", "it failed", true};
  letter.attempts = 3;
  return letter;
}

/// A store of letters, and what tests do with one.
struct letters {
  std::shared_ptr<dead_letter_store> store;

  void append(const dead_letter& letter) const {
    const auto kept = store->append(letter);
    BOOST_REQUIRE_MESSAGE(kept, (kept ? "" : kept.error().message()));
  }
  [[nodiscard]] std::string ids(const dead_letter_filter& filter = {}) const {
    std::string all;
    for (const auto& each : must(store->list(filter)))
      all += each.id;
    return all;
  }
};

} // namespace troupe::test
