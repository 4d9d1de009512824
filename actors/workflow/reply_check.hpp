#pragma once

#include <google/protobuf/message.h>
#include <optional>
#include <string>

namespace troupe::workflow {

/// Whether a reply comes back from a history as it went in. Protobuf writes messages that it then refuses to read: text
/// that is no UTF-8, nesting beyond its own limit. One of those in a history would make the whole run unreadable.
/// Walks all of `reply`; any thread.
/// @returns what is wrong with it, naming the field; nothing where it can be kept.
[[nodiscard]] std::optional<std::string> unkeepable(const google::protobuf::Message& reply);

} // namespace troupe::workflow
