#pragma once

#include "actors/agents/spans.hpp"

#include <string_view>
#include <vector>

/// Names that their place in a mail gives away. The last resort: what rules and models find goes before it.
namespace troupe::pii {

/// Whether a name may stand alone on the next line that is not blank: "Best regards,", "Thanks".
[[nodiscard]] bool is_sign_off(std::string_view line);

/// Whether nothing but spaces and marks of quotation (">") stands on the line.
[[nodiscard]] bool is_blank_line(std::string_view line);

/// Names of people in `line`, label NAME, score 1, source context:
/// - behind From:, To:, Cc:, Bcc:, Sender:, Reply-To: at the beginning of the line, up to the address;
/// - behind Dear, Hi, Hello or Hey at the beginning, up to the comma;
/// - all of a line of one to three words that follows a sign-off.
/// Every word must look like a name (`looks_like_name`), or be a particle or an initial among such.
/// @param line valid UTF-8. @param after_sign_off whether the last line that is not blank was one.
/// @returns in order, without overlap. Linear; any thread.
[[nodiscard]] std::vector<agents::pii_span> names_by_context(std::string_view line,
                                                             bool after_sign_off);

} // namespace troupe::pii
