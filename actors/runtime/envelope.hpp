#pragma once

#include "actors/runtime/agent.hpp"

#include <string>
#include <variant>

namespace troupe {

/// A payload as it arrived from outside: not looked into yet.
struct encoded_payload {
  /// type.googleapis.com/<full name>
  std::string type_url;
  std::string bytes;
  bool operator==(const encoded_payload&) const = default;
};

/// A request or an answer. Inside a process the payload is an object and nothing is serialised;
/// between processes it is bytes. `envelope_codec.hpp` leads from one to the other.
struct envelope {
  envelope_header header;
  /// A failure only in answers.
  std::variant<message_ptr, encoded_payload, failure> payload;
  /// Wire form of fields that this build does not know; passed on untouched.
  std::string unknown_fields{};
};

} // namespace troupe
