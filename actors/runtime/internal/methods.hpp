#pragma once

#include "actors/runtime/agent.hpp"

#include <algorithm>

namespace troupe::runtime {

/// The method of `type` that takes `request`; nullptr where there is none.
inline const method* find_method(const agent_type& type,
                                 const google::protobuf::Descriptor* request) {
  const auto found =
      std::find_if(type.methods.begin(), type.methods.end(),
                   [request](const method& each) { return each.request == request; });
  return found == type.methods.end() ? nullptr : &*found;
}

} // namespace troupe::runtime
