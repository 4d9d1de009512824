#pragma once

#include "actors/runtime/agent.hpp"
#include "actors/workflow/definition.hpp"
#include "troupe/v1/run.pb.h"

#include <cstdint>

namespace troupe::workflow {

/// What references take their values from. Messages live as long as the source and do not change.
class reply_source {
public:
  virtual ~reply_source() = default;
  /// Value of the definition's input at `position`.
  [[nodiscard]] virtual const scalar& input(std::size_t position) const = 0;
  /// Reply of a completed instance.
  [[nodiscard]] virtual const google::protobuf::Message& reply_of(std::size_t step,
                                                                  std::uint32_t index) const = 0;
  /// Number of instances of a completed step.
  [[nodiscard]] virtual std::size_t replies_of(std::size_t step) const = 0;
  [[nodiscard]] virtual v1::RunSummary run() const = 0;
};

/// Makes the request of instance `index` of `target`. Everything it needs must be done.
/// @returns failure "workflow.bad_reference", not retryable, naming the field and the value that
///   does not fit it.
[[nodiscard]] reply<message_ptr> build_request(const step& target, std::uint32_t index,
                                               const reply_source& source);

/// Number of elements in the list that `each` runs over.
/// @param root_reply reply of the step `each.root`.
[[nodiscard]] std::size_t element_count(const fan_out& each,
                                        const google::protobuf::Message& root_reply);

} // namespace troupe::workflow
