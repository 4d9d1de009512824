#pragma once

#include "actors/runtime/failure.hpp"
#include "troupe/v1/failure.pb.h"

namespace troupe {

/// The wire form of `reason`.
[[nodiscard]] v1::Failure encode_failure(const failure& reason);

/// The plain form of what came from outside. Never fails, since a failure must not hide behind its own form: a missing
/// type becomes "runtime.unknown_failure", texts are cut to 128 (type) and 4,096 (message) bytes at a character's edge
/// and made valid UTF-8, and the messages of up to 8 causes are joined to the message.
[[nodiscard]] failure decode_failure(const v1::Failure& wire);

} // namespace troupe
