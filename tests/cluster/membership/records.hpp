#pragma once

#include "cluster/membership/member_record.hpp"

#include <string>

namespace troupe::test {

/// A node that is all right.
inline cluster::member_record some_member(const std::string& node,
                                          cluster::node_role role = cluster::node_role::worker) {
  cluster::member_record made;
  made.node = node;
  made.addresses = {"10.0.0.1:7000"};
  made.roles = {role};
  made.resources.milli_cpu = 4'000;
  made.resources.memory_bytes = 1U << 30;
  made.node_class = "AMD EPYC 9B14";
  made.agents = {{"files.list", {}, {{"troupe.v1.ListFilesRequest", "troupe.v1.ListFilesReply"}}}};
  made.build = "0.1.0";
  return made;
}

} // namespace troupe::test
