#pragma once

#include "actors/workflow/definition_cache.hpp"
#include "actors/workflow/event.hpp"
#include "troupe/v1/history.pb.h"

namespace troupe::workflow {

/// The wire form of an event. Replies are packed as `google.protobuf.Any`.
[[nodiscard]] v1::Event encode(const event& happened);
/// A run's beginning without what it runs: that may be large, and `definition::source_bytes` has it already.
[[nodiscard]] v1::RunStarted encode_without_definition(const run_started& from);

/// The plain form of a stored event; every field is checked here, once.
/// @returns `history_unreadable` for a kind, a message type or a definition that this build cannot
///   read; the context names the event's number.
[[nodiscard]] result<event> decode(const v1::Event& stored);
/// The same; its definition is shared with those that were decoded before.
[[nodiscard]] result<event> decode(const v1::Event& stored, definition_cache& known);

/// Adds tags to those of a message.
void write_tags(google::protobuf::RepeatedPtrField<v1::RunTag>& into, const run_tags& from);

/// Wire form of a failure without detail or cause.
[[nodiscard]] v1::Failure encode(const failure& why);
/// Wire form with the step it came from as its detail.
[[nodiscard]] v1::Failure encode(const run_failure& why);

[[nodiscard]] google::protobuf::Timestamp encode(time_point moment);
/// Nanoseconds precise; moments outside the clock's range end at its borders.
[[nodiscard]] time_point decode(const google::protobuf::Timestamp& moment);

} // namespace troupe::workflow
