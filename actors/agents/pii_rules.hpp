#pragma once

#include "actors/agents/spans.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace troupe::agents {

/// What the rules find: EMAIL, URL, IBAN, PAYMENT_CARD, IP_ADDRESS, PHONE, each checked beyond its pattern (check digits,
/// country lengths, issuer and country codes, inet_pton).
/// @param text valid UTF-8. @returns spans of score 1 and source rule, rule by rule; those of different rules may overlap
///   (an address inside a URL): `merge_spans` settles that.
/// Linear in the length of the text, also for hostile ones (RE2, and look-ahead of bounded length). One pass for all rules
/// says which can find anything; only these search. No rule looks across an end of line. Any thread.
[[nodiscard]] std::vector<pii_span> find_pii(std::string_view text);

/// The same without that pass: what `find_pii` is checked against.
[[nodiscard]] std::vector<pii_span> find_pii_by_every_rule(std::string_view text);

/// The labels that `find_pii` gives, sorted, each once.
[[nodiscard]] std::vector<std::string> rule_labels();

} // namespace troupe::agents
