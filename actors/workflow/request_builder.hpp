#pragma once

#include "actors/runtime/agent.hpp"
#include "actors/workflow/event.hpp"
#include "actors/workflow/reference_reader.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace troupe::workflow {

/// Makes the request of instance `index` of `target`. Everything it needs must be done.
/// @returns failure "workflow.bad_reference", not retryable, naming the field and the value that
///   does not fit it.
[[nodiscard]] reply<message_ptr> build_request(const step& target, std::uint32_t index,
                                               const reply_source& source);

/// The inputs of the run that instance `index` of `target` is, complete. Everything it needs must be done.
/// @returns as above.
[[nodiscard]] reply<input_values> build_child_inputs(const step& target, std::uint32_t index,
                                                     const reply_source& source);

/// The definition of the run that instance `index` of `target`, which has a plan, is to be. Everything it needs must be
/// done. Not checked.
/// @returns as above.
[[nodiscard]] reply<v1::WorkflowDefinition> build_plan(const step& target, std::uint32_t index,
                                                       const reply_source& source);

/// The keys of the limits of instance `index` of `target`, in their order.
/// @returns failure "workflow.bad_limit_key", not retryable, for one that is empty or too long.
[[nodiscard]] reply<std::vector<std::string>>
build_limit_keys(const step& target, std::uint32_t index, const reply_source& source);

/// Number of elements in the list that `each` runs over.
/// @param root_reply reply of the step `each.root`.
[[nodiscard]] std::size_t element_count(const fan_out& each,
                                        const google::protobuf::Message& root_reply);

} // namespace troupe::workflow
