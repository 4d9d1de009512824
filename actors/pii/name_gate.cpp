#include "actors/pii/name_gate.hpp"

#include "actors/agents/words.hpp"
#include "actors/pii/common_words.hpp"
#include "actors/pii/word_reader.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace troupe::pii {
namespace {

template <std::size_t Size>
bool is_one_of(const std::array<std::string_view, Size>& words, std::string_view word) {
  return std::ranges::any_of(words, [&](std::string_view one) { return equals_lower(word, one); });
}

/// Words behind which a name may follow in lower case.
bool announces_name(std::string_view word) {
  constexpr std::array<std::string_view, 22> words{
      "name",   "mr",     "mrs",    "ms",    "miss",     "dr",       "prof",     "dear",
      "hi",     "hello",  "signed", "named", "regards",  "patient",  "customer", "client",
      "caller", "called", "i'm",    "am",    "employee", "sincerely"};
  return is_one_of(words, word);
}

/// Words behind which the number of a document may follow.
bool announces_number(std::string_view word) {
  constexpr std::array<std::string_view, 18> words{
      "ssn",      "passport",  "licence", "license",   "routing", "taxpayer",
      "driver's", "drivers",   "tin",     "insurance", "nino",    "account",
      "tel",      "telephone", "fax",     "mobile",    "cell",    "dial"};
  return is_one_of(words, word);
}

bool is_street(const word& word) {
  constexpr std::array<std::string_view, 8> always{"street", "avenue", "road",      "lane",
                                                   "blvd",   "ave",    "boulevard", "rd"};
  constexpr std::array<std::string_view, 13> capitalised{
      "st",    "drive",   "dr",       "court", "place",     "square", "way",
      "close", "terrace", "crescent", "suite", "apartment", "box"};
  return is_one_of(always, word.text) || (word.starts_upper && is_one_of(capitalised, word.text));
}

/// Numbers and announcing words wait for what follows them within so many words.
constexpr std::size_t words_to_street = 4;
constexpr std::size_t words_to_name = 2;
constexpr std::size_t words_to_number = 4;

class gate {
public:
  bool opens(const word& word) {
    const bool open = word.has_digit ? number(word) : other(word);
    for (auto* waits : {&street_, &name_, &number_})
      *waits -= *waits > 0 ? 1 : 0;
    return open;
  }

private:
  bool number(const word& word) {
    if (!word.only_digits) return false;
    if (number_ > 0 && word.text.size() >= 4) return true;
    street_ = words_to_street + 1;
    const bool closes = word.follows_hyphen && groups_ > 0 && word.text.size() == 4;
    const bool middle =
        word.follows_hyphen && groups_ == 1 && (word.text.size() == 2 || word.text.size() == 3);
    groups_ = middle ? 2 : word.text.size() == 3 ? 1 : 0;
    return closes;
  }

  bool other(const word& word) {
    groups_ = 0;
    if (word.is_identifier) return false;
    if (street_ > 0 && is_street(word)) return true;
    if (announces_name(word.text)) {
      name_ = words_to_name + 1;
      return false;
    }
    if (announces_number(word.text)) number_ = words_to_number + 1;
    if (word.text.size() < 2 || is_common_word(word.text)) return false;
    return word.starts_upper || word.is_caseless || name_ > 0 || is_given_name(word.text);
  }

  std::size_t street_ = 0;
  std::size_t name_ = 0;
  std::size_t number_ = 0;
  /// How many groups of 123-45-6789, 123-456-7890 or 456-7890 were seen; the reader parts them at hyphens.
  std::size_t groups_ = 0;
};

} // namespace

bool can_hold_names(std::string_view text) {
  gate gate;
  word_reader words{text};
  while (const auto word = words.next())
    if (gate.opens(*word)) return true;
  return false;
}

} // namespace troupe::pii
