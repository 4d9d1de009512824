#include "actors/pii/context_rules.hpp"

#include "actors/pii/word_reader.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

namespace troupe::pii {
namespace {

using agents::pii_source;
using agents::pii_span;

constexpr std::string_view blanks = " \t\r\n>";
/// Lines longer than this are no sign-off and no signature.
constexpr std::size_t longest_signature = 60;

std::string_view trimmed(std::string_view line, std::string_view of) {
  const auto first = line.find_first_not_of(of);
  if (first == line.npos) return {};
  return line.substr(first, line.find_last_not_of(of) - first + 1);
}

/// Words that stand in the midst of a name.
bool is_particle(const word& word) {
  constexpr std::array<std::string_view, 13> particles{
      "de", "la", "del", "van", "von", "der", "den", "da", "di", "dos", "bin", "al", "el"};
  return std::ranges::any_of(particles,
                             [&](std::string_view one) { return equals_lower(word.text, one); });
}

bool is_title(const word& word) {
  constexpr std::array<std::string_view, 10> titles{"mr",   "mrs", "ms", "miss", "dr",
                                                    "prof", "sir", "mx", "herr", "frau"};
  return std::ranges::any_of(titles,
                             [&](std::string_view one) { return equals_lower(word.text, one); });
}

/// The words of `text` as one name; nothing when they are none.
std::optional<agents::byte_span> name_in(std::string_view text, std::size_t offset,
                                         std::size_t most_words) {
  if (text.find_first_of("@/\\=:;()[]{}0123456789") != text.npos) return std::nullopt;
  word_reader words{text};
  std::size_t count = 0;
  bool named = false;
  agents::byte_span found;
  while (const auto word = words.next()) {
    if (count == 0 && is_title(*word)) continue;
    const bool initial = word->starts_upper && word->text.size() == 1;
    const bool name = looks_like_name(*word);
    // "Grace Long": an ordinary word behind a name may be a family name.
    const bool family = named && word->starts_upper && !word->is_identifier;
    if (!name && !initial && !family && !is_particle(*word)) return std::nullopt;
    named = named || (name && !initial);
    if (count++ == 0) found.start = offset + word->start;
    found.end = offset + word->start + word->text.size();
  }
  return named && count <= most_words ? std::optional{found} : std::nullopt;
}

void add(const std::optional<agents::byte_span>& name, std::vector<pii_span>& names) {
  if (name) names.push_back({"NAME", *name, 1.0, pii_source::context});
}

/// @returns where what follows `beginning` starts; 0 where the line begins otherwise.
std::size_t behind(std::string_view line, std::string_view beginning) {
  const auto start = line.find_first_not_of(blanks);
  if (start == line.npos || line.size() - start < beginning.size() ||
      !equals_lower(line.substr(start, beginning.size()), beginning))
    return 0;
  return start + beginning.size();
}

/// "Ana Silva <ana@example.org>, \"Weber, Jonas\" <...>": what stands before each address.
void add_header_names(std::string_view line, std::size_t at, std::vector<pii_span>& names) {
  constexpr std::size_t most_words = 5;
  while (at < line.size()) {
    const auto address = line.find('<', at);
    auto end = std::min(address, line.size());
    add(name_in(line.substr(at, end - at), at, most_words), names);
    if (address == line.npos) return;
    end = line.find('>', address);
    if (end == line.npos) return;
    at = line.find_first_not_of(",; ", end + 1);
  }
}

} // namespace

bool is_blank_line(std::string_view line) {
  return line.find_first_not_of(blanks) == line.npos;
}

bool is_sign_off(std::string_view line) {
  constexpr std::array<std::string_view, 24> phrases{"best regards",
                                                     "kind regards",
                                                     "warm regards",
                                                     "regards",
                                                     "many thanks",
                                                     "thanks",
                                                     "thank you",
                                                     "sincerely",
                                                     "yours",
                                                     "yours sincerely",
                                                     "yours faithfully",
                                                     "yours truly",
                                                     "sincerely yours",
                                                     "cheers",
                                                     "best",
                                                     "best wishes",
                                                     "all the best",
                                                     "with best regards",
                                                     "with kind regards",
                                                     "respectfully",
                                                     "kindest regards",
                                                     "thanks again",
                                                     "thanks in advance",
                                                     "take care"};
  if (line.size() > longest_signature) return false;
  const auto phrase = trimmed(line, " \t\r\n>,.!-");
  return std::ranges::any_of(phrases,
                             [&](std::string_view one) { return equals_lower(phrase, one); });
}

std::vector<pii_span> names_by_context(std::string_view line, bool after_sign_off) {
  constexpr std::array<std::string_view, 6> headers{
      "from:", "to:", "cc:", "bcc:", "sender:", "reply-to:"};
  constexpr std::array<std::string_view, 4> greetings{"dear ", "hi ", "hello ", "hey "};
  constexpr std::size_t most_words = 3;
  std::vector<pii_span> names;
  if (line.empty()) return names;
  for (const auto header : headers)
    if (const auto at = behind(line, header)) add_header_names(line, at, names);
  for (const auto greeting : greetings)
    if (const auto at = behind(line, greeting))
      if (const auto end = std::min(line.find_first_of(",!:\r", at), line.size());
          end - at <= longest_signature)
        add(name_in(line.substr(at, end - at), at, most_words), names);
  if (after_sign_off && names.empty() && line.size() <= longest_signature)
    add(name_in(line, 0, most_words), names);
  return names;
}

} // namespace troupe::pii
