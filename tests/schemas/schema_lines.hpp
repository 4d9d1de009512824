#pragma once

#include <google/protobuf/descriptor.h>
#include <string>
#include <vector>

namespace troupe::test {

/// The schemas of this program, one line for each field and each enum value, e.g.
///   troupe.v1.Envelope.message_id = 1 string
///   troupe.v1.Event.run_started = 3 troupe.v1.RunStarted in kind
///   troupe.v1.RunStatus.RUN_STATUS_RUNNING = 1
/// In order of the files, then as declared. Stores, wires and definitions depend on all that such a line says.
[[nodiscard]] std::vector<std::string> schema_lines();

/// The line of `field`.
[[nodiscard]] std::string schema_line(const google::protobuf::FieldDescriptor& field);

} // namespace troupe::test
