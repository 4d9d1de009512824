#include "actors/pii/span_repair.hpp"

#include "actors/agents/words.hpp"
#include "actors/pii/chars.hpp"
#include "actors/pii/settings.hpp"
#include "actors/pii/word_reader.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace troupe::pii {
namespace {

using agents::pii_source;
using agents::pii_span;

template <std::size_t Size>
bool is_among(const std::array<std::string_view, Size>& all, std::string_view one) {
  return std::ranges::find(all, one) != all.end();
}

bool is_address_part(std::string_view label) {
  constexpr std::array<std::string_view, 6> parts{
      "BUILDING_NUMBER", "STREET_NAME", "SECONDARY_ADDRESS", "CITY", "STATE", "ZIP_CODE"};
  return is_among(parts, label);
}

bool is_person(std::string_view label) {
  constexpr std::array<std::string_view, 3> parts{"GIVEN_NAME", "SURNAME", name_label};
  return is_among(parts, label);
}

bool is_document(std::string_view label) {
  constexpr std::array<std::string_view, 6> numbers{
      "TAX_ID", "BANK_ACCOUNT", "ROUTING_NUMBER", "GOVERNMENT_ID", "PASSPORT", "DRIVERS_LICENSE"};
  return is_among(numbers, label);
}

bool has_any(std::string_view value, std::initializer_list<std::string_view> words) {
  return std::ranges::any_of(words,
                             [&](std::string_view one) { return value.find(one) != value.npos; });
}

bool is_plausible(std::string_view label, std::string_view value) {
  constexpr std::ptrdiff_t shortest_phone = 5;
  constexpr std::ptrdiff_t shortest_document = 3;
  const auto digits = std::ranges::count_if(value, is_number);
  if (label == "EMAIL") return has_any(value, {"@", " at ", "(at)", "[at]", " AT "});
  if (label == "URL") return has_any(value, {".", " dot ", "://"});
  if (label == "PHONE") return digits >= shortest_phone;
  if (is_document(label)) return digits >= shortest_document;
  if (label == "BUILDING_NUMBER" || label == "ZIP_CODE") return digits > 0;
  if (label == "SECONDARY_ADDRESS") return digits > 0 || std::ranges::any_of(value, is_capital);
  return true;
}

/// A number that says where somebody lives only beside a street or a town.
bool is_bare_number(std::string_view line, const pii_span& span) {
  const auto value = line.substr(span.bytes.start, span.bytes.end - span.bytes.start);
  return (span.label == "BUILDING_NUMBER" || span.label == "ZIP_CODE") &&
         std::ranges::all_of(value, [](char c) { return is_number(c) || c == '.' || c == ' '; });
}

bool speaks_of_addresses(std::string_view line) {
  constexpr std::array<std::string_view, 8> clues{"zip",  "postal",  "postcode", "plz",
                                                  "post", "address", "zipcode",  "live"};
  word_reader words{line};
  while (const auto word = words.next())
    if (std::ranges::any_of(clues,
                            [&](std::string_view one) { return equals_lower(word->text, one); }))
      return true;
  return false;
}

/// Where a name that starts at `start` begins when the initials before it are counted in.
std::size_t with_initials(std::string_view line, std::size_t start) {
  while (start >= 3 && line[start - 1] == ' ' && line[start - 2] == '.' &&
         is_capital(line[start - 3]) &&
         !agents::is_word_character(agents::code_point_before(line, start - 3)))
    start -= 3;
  return start;
}

} // namespace

void keep_plausible(std::string_view line, std::vector<pii_span>& spans) {
  std::erase_if(spans, [&](const pii_span& span) {
    return !is_plausible(span.label,
                         line.substr(span.bytes.start, span.bytes.end - span.bytes.start));
  });
  const auto is_bare = [&](const pii_span& span) { return is_bare_number(line, span); };
  if (std::ranges::none_of(spans, is_bare)) return;
  const bool placed = std::ranges::any_of(
      spans, [&](const pii_span& span) { return is_address_part(span.label) && !is_bare(span); });
  if (!placed && !speaks_of_addresses(line)) std::erase_if(spans, is_bare);
}

void widen_names(std::string_view line, std::vector<pii_span>& spans) {
  if (spans.empty()) return;
  std::vector<word> words;
  word_reader reader{line};
  while (const auto word = reader.next())
    if (word->text.size() > 1 && looks_like_name(*word)) words.push_back(*word);
  const auto end_of = [](const word& one) { return one.start + one.text.size(); };
  for (std::size_t i = 0; i < spans.size(); ++i) {
    auto& [start, end] = spans[i].bytes;
    // A model may take a family name for a street or a town; its initials tell it.
    if (is_person(spans[i].label) || spans[i].label == "CITY" || spans[i].label == "STREET_NAME")
      start = with_initials(line, start);
    if (!is_person(spans[i].label)) continue;
    const auto after = std::ranges::lower_bound(words, end, {}, &word::start);
    if (after != words.end() && after->start == end + 1 && line[end] == ' ' &&
        (i + 1 == spans.size() || spans[i + 1].bytes.start >= end_of(*after)))
      end = end_of(*after);
    const auto before = std::ranges::lower_bound(words, start, {}, &word::start);
    if (before != words.begin() && end_of(*std::prev(before)) + 1 == start &&
        line[start - 1] == ' ' && (i == 0 || spans[i - 1].bytes.end <= std::prev(before)->start))
      start = std::prev(before)->start;
  }
}

void add_states(std::string_view line, std::vector<pii_span>& spans) {
  std::vector<pii_span> all;
  all.reserve(spans.size());
  for (std::size_t i = 0; i < spans.size(); ++i) {
    const bool city = spans[i].label == "CITY";
    const auto start = spans[i].bytes.end;
    const auto score = spans[i].score;
    all.push_back(std::move(spans[i]));
    if (!city || i + 1 == spans.size() || !is_address_part(spans[i + 1].label)) continue;
    const auto gap = line.substr(start, spans[i + 1].bytes.start - start);
    if (gap.size() == 5 && gap.starts_with(", ") && is_capital(gap[2]) && is_capital(gap[3]) &&
        gap[4] == ' ')
      all.push_back({"STATE", {start + 2, start + 4}, score, pii_source::context});
  }
  spans = std::move(all);
}

void join_neighbours(std::string_view line, std::vector<pii_span>& spans) {
  const auto joins = [&](const pii_span& before, const pii_span& after) {
    constexpr std::string_view joiners = " -'.";
    return before.source != pii_source::rule && after.source != pii_source::rule &&
           before.label == after.label && after.bytes.start - before.bytes.end <= 1 &&
           (after.bytes.start == before.bytes.end ||
            joiners.find(line[before.bytes.end]) != joiners.npos);
  };
  std::size_t kept = 0;
  for (std::size_t i = 1; i < spans.size(); ++i)
    if (joins(spans[kept], spans[i])) {
      spans[kept].bytes.end = spans[i].bytes.end;
      spans[kept].score = std::max(spans[kept].score, spans[i].score);
    } else if (++kept != i) {
      spans[kept] = std::move(spans[i]);
    }
  spans.resize(spans.empty() ? 0 : kept + 1);
}

} // namespace troupe::pii
