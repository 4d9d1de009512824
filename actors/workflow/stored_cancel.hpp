#pragma once

#include "actors/workflow/store.hpp"

#include <string>
#include <string_view>

namespace troupe::workflow {

/// A wish to cancel as stores keep it: in one text, so that their formats need no more columns. Where there is nothing but a
/// reason it is that, as it always was.
[[nodiscard]] std::string stored_text(const cancel_request& wanted);
/// What the text says; one that is not of this form is a reason.
[[nodiscard]] cancel_request cancel_from_text(std::string_view run_id, std::string_view stored);

/// Whether a second wish for a run changes the first, which is changed then: it ends the run sooner, or by force.
[[nodiscard]] bool hasten(cancel_request& first, const cancel_request& second);

} // namespace troupe::workflow
