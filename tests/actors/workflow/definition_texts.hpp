#pragma once

#include "tests/actors/workflow/support.hpp"

namespace troupe::test {

inline std::string mistakes_of(const std::string& yaml) {
  const auto loaded = load_definition(yaml, "w.yaml", known_agents{});
  return loaded ? "" : to_string(loaded.error());
}

/// A definition with the given steps, which begin in line 5.
inline std::string with_steps(const std::string& steps) {
  return "name: w\ninputs:\n  folder: { type: string }\nsteps:\n" + steps;
}

} // namespace troupe::test
