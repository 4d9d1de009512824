#pragma once

#include "tests/actors/runtime/support.hpp"

#include <stdexcept>
#include <string>

namespace troupe::test {

/// Counts its requests; throws at texts that begin with "throw".
class fragile {
public:
  reply<text> answer(const text& request, const call_context&) {
    if (request.value().starts_with("throw")) throw std::runtime_error{"expected by the test"};
    return make_text(request.value() + " " + std::to_string(++served_));
  }

private:
  int served_ = 0;
};

inline agent_type fragile_agent(agent_options options = {}, std::string name = "fragile") {
  return stateful_agent<fragile>(std::move(name), "Breaks when told")
      .on(&fragile::answer)
      .options(options)
      .build();
}

} // namespace troupe::test
