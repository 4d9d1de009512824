#include "actors/agents/pii_rules.hpp"

#include "actors/agents/pii_numbers.hpp"
#include "actors/agents/words.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <optional>
#include <re2/re2.h>
#include <re2/set.h>
#include <set>
#include <string>

namespace troupe::agents {
namespace {

using checked = std::optional<byte_span>;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool digit_at(std::string_view text, std::size_t at) {
  return at < text.size() && is_digit(text[at]);
}
bool word_at(std::string_view text, std::size_t at) {
  return is_word_character(code_point_at(text, at));
}
bool word_before(std::string_view text, std::size_t at) {
  return is_word_character(code_point_before(text, at));
}

std::string digits_of(std::string_view text) {
  std::string digits;
  std::ranges::copy_if(text, std::back_inserter(digits), is_digit);
  return digits;
}

/// Whether a number stands alone: no letter or digit touches it, and no further group follows one of `joiners`.
bool stands_alone(std::string_view text, byte_span at, std::string_view joiners) {
  if (word_before(text, at.start) || word_at(text, at.end)) return false;
  const auto joins = [&](std::size_t i) { return joiners.find(text[i]) != std::string_view::npos; };
  if (at.start > 0 && joins(at.start - 1) && word_before(text, at.start - 1)) return false;
  return !(at.end < text.size() && joins(at.end) && digit_at(text, at.end + 1));
}

/// Bytes of the one space or dash at `at` that may part the groups of a number; 0 where there is none.
std::size_t separator_length(std::string_view text, std::size_t at) {
  switch (code_point_at(text, at)) {
  case ' ':
  case '-':
    return 1;
  case 0xA0: // no-break space
    return 2;
  case 0x2011: // no-break hyphen
  case 0x202F: // narrow no-break space
    return 3;
  default:
    return 0;
  }
}

// --- e-mail ---------------------------------------------------------------------------------------------------------

constexpr auto email_pattern =
    R"([\pL\pN_](?:[\pL\pN._%+'\-]*[\pL\pN_+\-])?@(?:[\pL\pN][\pL\pN\-]*\.)+\pL[\pL\pN\-]*)";

/// @returns where the top-level domain that starts at `at` ends: all letters, or "xn--" and more.
std::size_t end_of_top_domain(std::string_view text, std::size_t at, std::size_t end) {
  if (text.substr(at, 4) == "xn--") return end;
  while (at < end && text[at] != '-' && !is_digit(text[at]))
    ++at;
  return at;
}

checked check_email(std::string_view text, byte_span at) {
  constexpr std::size_t max_local = 64;
  constexpr std::size_t max_domain = 253;
  const auto mail = text.substr(at.start, at.end - at.start);
  const auto sign = at.start + mail.find('@');
  // "see..ana@example.org": no address has two dots in a row, so it starts behind them.
  if (const auto dots = text.substr(at.start, sign - at.start).rfind(".."); dots != mail.npos)
    at.start += dots + 2;
  const auto top = at.start + text.substr(at.start, at.end - at.start).rfind('.') + 1;
  const auto end = end_of_top_domain(text, top, at.end);
  if (end - top < 2 || digit_at(text, end)) return std::nullopt;
  if (sign - at.start > max_local || end - sign - 1 > max_domain) return std::nullopt;
  return byte_span{at.start, end};
}

// --- URL ------------------------------------------------------------------------------------------------------------

constexpr auto url_pattern =
    R"((?i)(?:(?:https?|ftps?|sftp|wss?|ssh|git|ldaps?|smb)://|www\.))"
    R"([^\x00-\x20\x7F-\xA0<>"`{}|\\^«»„“”‘’\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{3000}-\x{3002}「」（），；]+)";

/// Drops what belongs to the sentence: closing punctuation, and brackets that the URL did not open.
std::size_t end_of_url(std::string_view url) {
  auto open_round = std::ranges::count(url, '(') - std::ranges::count(url, ')');
  auto open_square = std::ranges::count(url, '[') - std::ranges::count(url, ']');
  auto end = url.size();
  for (; end > 0; --end) {
    const char last = url[end - 1];
    if (last == ')' && open_round < 0)
      ++open_round;
    else if (last == ']' && open_square < 0)
      ++open_square;
    else if (std::string_view{".,;:!?'*_"}.find(last) == std::string_view::npos)
      break;
  }
  return end;
}

checked check_url(std::string_view text, byte_span at) {
  const auto url = text.substr(at.start, at.end - at.start);
  const auto end = end_of_url(url);
  const auto scheme = url.find("://");
  const auto host = scheme == std::string_view::npos ? std::size_t{4} : scheme + 3;
  if (word_before(text, at.start) || host >= end) return std::nullopt;
  const bool named = word_at(url, host) || url[host] == '[' || code_point_at(url, host) > 0x7F;
  const bool dotted = scheme != std::string_view::npos ||
                      url.substr(host, end - host).find('.') != std::string_view::npos;
  return named && dotted ? checked{{at.start, at.start + end}} : std::nullopt;
}

// --- IP addresses ---------------------------------------------------------------------------------------------------

constexpr auto ipv4_pattern = R"([0-9]{1,3}(?:\.[0-9]{1,3}){3})";
constexpr auto ipv6_pattern = R"([0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]+)";

/// Whether the word before `at` says that a number with dots is a version, not an address.
bool after_version_word(std::string_view text, std::size_t at) {
  constexpr std::array words{"version", "ver",      "release", "rev",    "revision",
                             "build",   "firmware", "section", "chapter"};
  constexpr std::size_t longest = 10;
  const auto before =
      text.substr(at < longest + 2 ? 0 : at - longest - 2, std::min(at, longest + 2));
  const auto end = before.find_last_not_of(" .:");
  if (end == std::string_view::npos) return false;
  std::string word;
  for (auto i = end + 1; i > 0 && is_word_character(static_cast<unsigned char>(before[i - 1])); --i)
    word.insert(word.begin(), static_cast<char>(before[i - 1] | 0x20));
  return std::ranges::find(words, word) != words.end();
}

checked check_ipv4(std::string_view text, byte_span at) {
  if (!is_ipv4(text.substr(at.start, at.end - at.start)) || !stands_alone(text, at, ".") ||
      after_version_word(text, at.start))
    return std::nullopt;
  return at;
}

/// The address may end a sentence ("2001:db8::1.") and follow a word and a colon ("IPv6:2001:db8::1").
checked check_ipv6(std::string_view text, byte_span at) {
  constexpr std::size_t longest = 45 + 6; // INET6_ADDRSTRLEN - 1, and what is cut off here
  if (at.end - at.start > longest) return std::nullopt;
  auto end = at.end;
  while (end > at.start + 1 &&
         (text[end - 1] == '.' || (text[end - 1] == ':' && text[end - 2] != ':')))
    --end;
  const auto colon = text.find(':', at.start);
  for (const auto start : {at.start, colon + 1}) {
    if (start >= end || word_before(text, start) || word_at(text, end)) continue;
    if (!is_host_ipv6(text.substr(start, end - start))) continue;
    if (end < text.size() && text[end] == '%') // zone: "fe80::1%eth0"
      for (++end; word_at(text, end);)
        end += sequence_length(text[end]);
    return byte_span{start, end};
  }
  return std::nullopt;
}

// --- IBAN and payment cards -----------------------------------------------------------------------------------------

constexpr auto iban_pattern = R"([A-Za-z]{2}[0-9]{2})";
constexpr auto card_pattern = R"([0-9]+)";

checked check_iban(std::string_view text, byte_span at) {
  const auto upper = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; };
  if (word_before(text, at.start)) return std::nullopt;
  const std::array country{upper(text[at.start]), upper(text[at.start + 1])};
  const auto length = iban_length({country.data(), country.size()});
  std::string iban;
  auto end = at.start;
  while (iban.size() < length && end < text.size()) {
    if (!iban.empty()) end += separator_length(text, end);
    if (end >= text.size() || text[end] < 0 || !word_at(text, end)) return std::nullopt;
    iban += upper(text[end++]);
  }
  if (iban.empty() || word_at(text, end) || !is_iban(iban)) return std::nullopt;
  return byte_span{at.start, end};
}

/// Groups of digits from `at` on: the longest row of whole groups that is a card number.
checked check_card(std::string_view text, byte_span at) {
  constexpr std::size_t max_digits = 19;
  constexpr std::size_t min_group = 3; // but for the last: 4222 2222 2222 2
  std::string digits;
  checked found;
  auto end = at.start;
  for (auto group = at.start; digit_at(text, group); group = end + separator_length(text, end)) {
    for (end = group; digit_at(text, end) && digits.size() <= max_digits; ++end)
      digits += text[end];
    if (digits.size() > max_digits) break;
    if (is_payment_card(digits) && stands_alone(text, {at.start, end}, ".,"))
      found = {at.start, end};
    if (end - group < min_group || separator_length(text, end) == 0) break;
  }
  return found;
}

// --- phone numbers --------------------------------------------------------------------------------------------------

#define SEPARATOR R"((?: - |[ .\-/\x{A0}\x{2011}\x{202F}]))"
constexpr auto international_pattern =
    R"((?:\+|00)[1-9][0-9]{0,14}(?:)" SEPARATOR R"(?\(?[0-9]{1,14}\)?){0,7})";
constexpr auto north_american_pattern =
    R"((?i)(?:1)" SEPARATOR R"()?(?:\([2-9][0-9]{2}\))" SEPARATOR R"(?[2-9][0-9]{2})" SEPARATOR
    R"(?|[2-9][0-9]{2})" SEPARATOR R"([2-9][0-9]{2})" SEPARATOR
    R"()[0-9]{4}(?:,? ?(?:x|ext\.?|extension) ?[0-9]{1,6})?)";
#undef SEPARATOR

/// Where the candidate can end: behind each of its groups of digits, the last first.
std::size_t drop_last_group(std::string_view text, byte_span at) {
  auto end = at.end;
  while (end > at.start && is_digit(text[end - 1]))
    --end;
  while (end > at.start && !is_digit(text[end - 1]))
    --end;
  return end;
}

/// Whether a group of digits and one separator stand before `at`.
bool follows_group(std::string_view text, std::size_t at) {
  for (std::size_t length = 1; length <= std::min<std::size_t>(3, at); ++length)
    if (is_boundary(text, at - length))
      return separator_length(text, at - length) == length && at > length &&
             is_digit(text[at - length - 1]);
  return false;
}

checked check_international(std::string_view text, byte_span at) {
  const bool zeros = text[at.start] == '0';
  while (!is_digit(text[at.end - 1]))
    --at.end; // a bracket of the sentence
  if (word_before(text, at.start) || (at.start > 0 && text[at.start - 1] == '+') ||
      (zeros && follows_group(text, at.start)))
    return std::nullopt;
  for (; at.end > at.start + 1; at.end = drop_last_group(text, at)) {
    const auto number = text.substr(at.start, at.end - at.start);
    const auto digits = digits_of(number).substr(zeros ? 2 : 0);
    // Without a plus and without groups it is a plain number.
    const auto parts = number.size() - digits.size() - (zeros ? 2 : 1);
    if (is_international_number(digits) && !word_at(text, at.end) && (!zeros || parts >= 2))
      return at;
  }
  return std::nullopt;
}

checked check_north_american(std::string_view text, byte_span at) {
  const auto number = text.substr(at.start, at.end - at.start);
  auto digits = digits_of(number);
  if (digits.front() == '1') digits.erase(0, 1);
  if (!stands_alone(text, at, ".-/") || !is_north_american_number(digits.substr(0, 10)))
    return std::nullopt;
  return at;
}

// --- all of them ----------------------------------------------------------------------------------------------------

struct rule {
  const char* label;
  const char* pattern;
  /// Found in every text in which `pattern` finds what `check` accepts, and cheap to look for together with the others'.
  const char* trigger;
  /// The part of the candidate, or more, that is personal data.
  checked (*check)(std::string_view text, byte_span candidate);
  /// A refused candidate is searched again from its second byte on; only where the pattern's matches are short.
  bool search_inside;
  RE2 finder{pattern, RE2::Quiet};
};

// The shortest IBAN has 15 characters, the shortest card number 12 digits; one character may part their groups.
constexpr auto iban_trigger = "[A-Za-z]{2}[0-9]{2}(?:[^0-9A-Za-z]?[0-9A-Za-z]){11}";
constexpr auto card_trigger = "[0-9](?:[^0-9A-Za-z]?[0-9]){11}";
constexpr auto ipv6_trigger = "::|(?:[0-9A-Fa-f]{1,4}:){6}";
constexpr auto international_trigger = R"((?:^|[^0-9A-Za-z_])(?:\+|00)[1-9])";
constexpr auto north_american_trigger =
    R"([2-9][0-9]{2}\)?[^0-9A-Za-z]{0,3}[2-9][0-9]{2}[^0-9A-Za-z]{1,3}[0-9]{4})";

const auto& all_rules() {
  static const std::array<rule, 8> rules{{
      {"EMAIL", email_pattern, "[^ ]@[^ ]", check_email, false},
      {"URL", url_pattern, R"((?i)://|www\.)", check_url, false},
      {"IBAN", iban_pattern, iban_trigger, check_iban, true},
      {"PAYMENT_CARD", card_pattern, card_trigger, check_card, false},
      {"IP_ADDRESS", ipv4_pattern, ipv4_pattern, check_ipv4, true},
      {"IP_ADDRESS", ipv6_pattern, ipv6_trigger, check_ipv6, false},
      {"PHONE", international_pattern, international_trigger, check_international, true},
      {"PHONE", north_american_pattern, north_american_trigger, check_north_american, true},
  }};
  return rules;
}

/// Which rules can find something, asked of a text once for all of them.
class rule_filter {
public:
  rule_filter() : triggers_(RE2::Options(RE2::Quiet), RE2::UNANCHORED) {
    for (const auto& rule : all_rules())
      usable_ = triggers_.Add(rule.trigger, nullptr) >= 0 && usable_;
    usable_ = triggers_.Compile() && usable_;
  }

  /// @param chosen gets the indexes of the rules to try, in order.
  void choose(std::string_view text, std::vector<int>& chosen) const {
    chosen.clear();
    if (!has_material(text)) return;
    RE2::Set::ErrorInfo why{};
    if (usable_ && (triggers_.Match({text.data(), text.size()}, &chosen, &why) ||
                    why.kind == RE2::Set::kNoError)) {
      std::ranges::sort(chosen);
      return;
    }
    // Without memory for the set's automaton every rule is tried.
    chosen.resize(all_rules().size());
    std::iota(chosen.begin(), chosen.end(), 0);
  }

private:
  /// Whether there is anything that no rule can do without: an at sign, two digits, two colons, "://" or "www.".
  static bool has_material(std::string_view text) {
    std::size_t digits = 0;
    std::size_t colons = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      digits += is_digit(c) ? 1 : 0;
      colons += c == ':' ? 1 : 0;
      if (digits >= 2 || colons >= 2 || c == '@') return true;
      if (c == '/' && i > 0 && text[i - 1] == ':') return true;
      if (c == '.' && i > 0 && (text[i - 1] == 'w' || text[i - 1] == 'W')) return true;
    }
    return false;
  }

  RE2::Set triggers_;
  bool usable_ = true;
};

void find_all(std::string_view text, const rule& rule, std::vector<pii_span>& found) {
  re2::StringPiece match;
  std::size_t from = 0;
  while (rule.finder.Match(text, from, text.size(), RE2::UNANCHORED, &match, 1)) {
    const auto start = static_cast<std::size_t>(match.data() - text.data());
    const byte_span candidate{start, start + match.size()};
    if (const auto accepted = rule.check(text, candidate)) {
      found.push_back({rule.label, *accepted, 1.0, pii_source::rule});
      from = accepted->end;
    } else {
      from = rule.search_inside ? start + sequence_length(text[start]) : candidate.end;
    }
  }
}

} // namespace

std::vector<pii_span> find_pii(std::string_view text) {
  static const rule_filter filter;
  std::vector<int> chosen;
  filter.choose(text, chosen);
  std::vector<pii_span> found;
  for (const auto index : chosen)
    find_all(text, all_rules()[static_cast<std::size_t>(index)], found);
  return found;
}

std::vector<pii_span> find_pii_by_every_rule(std::string_view text) {
  std::vector<pii_span> found;
  for (const auto& rule : all_rules())
    find_all(text, rule, found);
  return found;
}

std::vector<std::string> rule_labels() {
  std::set<std::string> labels;
  for (const auto& rule : all_rules())
    labels.insert(rule.label);
  return {labels.begin(), labels.end()};
}

} // namespace troupe::agents
