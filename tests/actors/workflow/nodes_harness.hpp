#pragma once

#include "actors/scheduling/resources/resource_text.hpp"
#include "tests/actors/workflow/engine_harness.hpp"

#include <fmt/format.h>
#include <string>
#include <vector>

/// Names for the suites about nodes alone.
namespace troupe::test::nodes {

using texts = std::vector<std::string>;

inline scheduling::resource_vector resources_of(const std::string& text) {
  if (text.empty()) return {};
  return scheduling::make_resources(*scheduling::parse_resources(text)).value();
}

/// A node that has whatever agent is asked for.
inline scheduling::node_description node_called(const std::string& name,
                                                const std::string& resources = "",
                                                std::size_t places = 10,
                                                std::uint64_t incarnation = 1) {
  scheduling::node_description made{name, incarnation, {}, resources_of(resources), places};
  made.offers.everything = true;
  return made;
}

/// The same with agents of these types only.
inline scheduling::node_description node_with(const std::string& name, const texts& types,
                                              const std::string& resources = "") {
  auto made = node_called(name, resources);
  made.offers.everything = false;
  for (const std::string& each : types)
    made.offers.types[each];
  return made;
}

/// Options of an engine that only gives work to other nodes.
inline engine_options coordinator() {
  engine_options made;
  made.node_name = "c";
  made.local_agents.emplace();
  return made;
}

/// `KEY NODE` of those that agents have, in the order in which they were started.
inline texts at_work(const engine_harness& engine) {
  texts made;
  for (const auto& each : engine.attempts)
    made.push_back(each.request.idempotency_key + " " + each.request.node);
  return made;
}

/// Answers one of those that agents have, not only the oldest.
inline void answer_at(engine_harness& engine, std::size_t which,
                      reply<message_ptr> given = listing(1)) {
  auto flying = std::move(engine.attempts.at(which));
  engine.attempts.erase(engine.attempts.begin() + static_cast<std::ptrdiff_t>(which));
  flying.then(std::move(given));
  engine.turn();
}

/// Takes those of a node out of `attempts`: what they answer comes late.
inline std::vector<engine_harness::flying> take_of(engine_harness& engine,
                                                   const std::string& node) {
  std::vector<engine_harness::flying> made;
  for (auto each = engine.attempts.begin(); each != engine.attempts.end();)
    if (each->request.node == node) {
      made.push_back(std::move(*each));
      each = engine.attempts.erase(each);
    } else {
      ++each;
    }
  return made;
}

inline std::size_t count_of(const engine_harness& engine, bool (v1::Event::*is)() const) {
  return static_cast<std::size_t>(
      std::ranges::count_if(engine.committed, [&](const v1::Event& each) { return (each.*is)(); }));
}

/// `STEP[INDEX] ATTEMPT`
inline std::string name_of(const v1::AttemptRef& of) {
  return fmt::format("{}[{}] {}", of.step(), of.index(), of.attempt());
}

inline void check_nothing_left(engine_harness& engine) {
  const auto events = engine.committed.size();
  while (!engine.attempts.empty())
    answer_at(engine, 0);
  BOOST_TEST(engine.committed.size() == events);
  BOOST_TEST(engine.core->attempts_in_flight() == 0u);
  BOOST_TEST(engine.core->timers_armed() == 0u);
  for (const auto& [number, each] : engine.core->pool().nodes()) {
    BOOST_TEST(each->in_flight == 0u);
    BOOST_TEST(each->work_seconds == 0);
    BOOST_TEST((each->books.free() == each->books.capacity()));
  }
}

inline std::string reason(const engine_harness& engine, std::size_t which = 0,
                          const std::string& run = "r") {
  const auto all = engine.core->waiting(run);
  return which < all.size() ? to_string(all[which]) : "";
}

} // namespace troupe::test::nodes
