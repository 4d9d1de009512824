#pragma once

#include "actors/scheduling/placement/node_pool.hpp"
#include "actors/scheduling/resources/resource_text.hpp"

#include <string>

namespace troupe::test {

inline scheduling::resource_vector resources_of(const std::string& text) {
  if (text.empty()) return {};
  return scheduling::make_resources(*scheduling::parse_resources(text)).value();
}

inline scheduling::node_description a_node(const std::string& name,
                                           const std::string& resources = "",
                                           std::size_t places = 4,
                                           const std::string& node_class = "") {
  scheduling::node_description made{name, 1, node_class, resources_of(resources), places};
  made.offers.everything = true;
  return made;
}

} // namespace troupe::test
