#pragma once

#include "actors/runtime/agent.hpp"

#include <google/protobuf/message.h>
#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace troupe::workflow {

/// A message type that this program can make; nullptr where none of this full name is linked in.
[[nodiscard]] const google::protobuf::Descriptor* linked_type(const std::string& name);

/// An empty message.
/// @param type of the generated pool.
[[nodiscard]] std::shared_ptr<google::protobuf::Message>
make_message(const google::protobuf::Descriptor& type);

/// Reads a JSON object as a message that a history can keep.
/// @returns what is wrong with it, for people.
[[nodiscard]] tl::expected<message_ptr, std::string>
message_from_json(std::string_view json, const google::protobuf::Descriptor& type);

} // namespace troupe::workflow
