#pragma once

#include "actors/runtime/deterministic_system.hpp"
#include "actors/runtime/typed_agent.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <google/protobuf/wrappers.pb.h>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace troupe::test {

using namespace std::chrono_literals;
using text = google::protobuf::StringValue;
using number = google::protobuf::Int64Value;

inline text make_text(std::string value) {
  text made;
  made.set_value(std::move(value));
  return made;
}

inline number make_number(std::int64_t value) {
  number made;
  made.set_value(value);
  return made;
}

/// The answers to requests, in the order of their arrival. Each test looks at what came and that
/// nothing came twice.
struct answers {
  // Shared, since a system that stops at the end of a test still answers.
  std::shared_ptr<std::vector<reply<message_ptr>>> kept =
      std::make_shared<std::vector<reply<message_ptr>>>();
  std::vector<reply<message_ptr>>& all = *kept;

  [[nodiscard]] responder take() const {
    return [into = kept](reply<message_ptr> given) { into->push_back(std::move(given)); };
  }
  /// The failure type of answer `i`, "" for a reply.
  [[nodiscard]] std::string failure_type(std::size_t i) const {
    return all.at(i) ? "" : all.at(i).error().type;
  }
  [[nodiscard]] std::string failure_text(std::size_t i) const {
    return all.at(i) ? "" : all.at(i).error().message;
  }
  [[nodiscard]] std::string text_at(std::size_t i) const {
    return all.at(i) ? static_cast<const text&>(*all.at(i).value()).value()
                     : "failure " + all.at(i).error().type + ": " + all.at(i).error().message;
  }
};

/// A deterministic system with helpers to ask it.
struct stage : deterministic_system {
  using deterministic_system::deterministic_system;

  void add(agent_type type) {
    const auto added = system().add(std::move(type));
    BOOST_REQUIRE_MESSAGE(added, (added ? "" : added.error().message()));
  }
  void ask(answers& into, const agent_name& target, std::string value,
           request_options options = {}) {
    system().request(target, share(make_text(std::move(value))), std::move(options), into.take());
  }
};

/// Answers "<prefix><request>".
inline agent_type echo_agent(std::string name, std::string prefix = "",
                             agent_options options = {}) {
  return typed_agent<text, text>(
      std::move(name), "Repeats what it is told",
      [prefix](const text& request, const call_context&) -> reply<text> {
        return make_text(prefix + request.value());
      },
      options);
}

/// Keeps what it is asked, for the test to answer when it wants.
struct hostage {
  std::vector<std::shared_ptr<const text>> requests;
  std::vector<std::shared_ptr<const call_context>> contexts;
  std::vector<typed_responder<text>> responders;
};

inline agent_type holding_agent(std::string name, std::shared_ptr<hostage> held,
                                agent_options options = {}) {
  return typed_agent<text, text>(
      std::move(name), "Answers when the test wants",
      [held](std::shared_ptr<const text> request, std::shared_ptr<const call_context> context,
             typed_responder<text> respond) {
        held->requests.push_back(std::move(request));
        held->contexts.push_back(std::move(context));
        held->responders.push_back(std::move(respond));
      },
      options);
}

} // namespace troupe::test
