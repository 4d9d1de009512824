#pragma once

#include "actors/workflow/live/node_snapshot.hpp"

#include <chrono>
#include <string>

namespace troupe::test {

/// One with something in every field.
inline workflow::node_snapshot snapshot_of(const std::string& owner) {
  using workflow::node_snapshot;
  const node_snapshot::time_point then{std::chrono::seconds{1'800'000'000}};
  node_snapshot made;
  made.owner = owner;
  made.node_class = "cpu.8";
  made.policy = "aged-srpt";
  made.host = "host";
  made.process = 4711;
  made.began = then;
  made.taken = then + std::chrono::seconds{90};
  made.runs = 7;
  made.in_flight = 3;
  made.places = 256;
  made.last_commit = std::chrono::milliseconds{4};
  made.counted = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  made.resources = {{"cpu", 4'000, 1'500}, {"license", 2, 0}};
  made.queues = {{"slot", 0, {}}, {"resources", 12, then}};
  made.waiting = {{"run", "step", 3, 2, false, then, "resources", "cpu 1 of 2 taken"}};
  made.at_work = {{"run", "undo", 0, 1, true, then, "files.list/default", ""}};
  made.tenants = {{"", 1, 0, 2}, {"acme", 2.5, 3, 10}};
  made.tenants_known = 2;
  made.keys = {{"api", 4, 1, then + std::chrono::seconds{100}}, {"mail", 0, 1, {}}};
  made.keys_known = 99;
  return made;
}

} // namespace troupe::test
