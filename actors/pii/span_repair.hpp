#pragma once

#include "actors/agents/spans.hpp"

#include <string_view>
#include <vector>

/// What is known of names, addresses and numbers beyond a model's labels. Spans are in order of start; all linear in the
/// line and the spans; any thread.
namespace troupe::pii {

/// Drops spans of a model that cannot be what their label says: an EMAIL without "@" or "at", a URL without a dot, numbers
/// of anything without digits, a SECONDARY_ADDRESS without digit or capital; and a BUILDING_NUMBER or ZIP_CODE that is a bare number with no other part of an address
/// on the line and no word such as "zip".
void keep_plausible(std::string_view line, std::vector<agents::pii_span>& spans);

/// Widens the names of people: over initials before them ("T. Duarte", "Rahul B. Lopez"; those of a street or town, too) and words that look like a name
/// and touch them with one space between ("Nkechi Young").
void widen_names(std::string_view line, std::vector<agents::pii_span>& spans);

/// "OR" in "Portland, OR 97205", which reads like a word: two capitals between a CITY and another part of an address
/// become a STATE. @param spans without overlap.
void add_states(std::string_view line, std::vector<agents::pii_span>& spans);

/// "van der" and "Berg", "Anna" and "-" and "Maria": neighbours of one label with only a joiner between become one. What a
/// rule found stays as it is. @param spans without overlap.
void join_neighbours(std::string_view line, std::vector<agents::pii_span>& spans);

} // namespace troupe::pii
