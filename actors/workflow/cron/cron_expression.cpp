#include "actors/workflow/cron/cron_expression.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>
#include <optional>
#include <vector>

namespace troupe::workflow::cron {
namespace {

constexpr std::size_t longest_text = 256;

struct field_kind {
  const char* name;
  unsigned least, most;
  /// Of the first value, then on.
  std::vector<std::string_view> names{};
};

const std::array<field_kind, 5>& kinds() {
  static const std::array<field_kind, 5> made{
      {{"minute", 0, 59},
       {"hour", 0, 23},
       {"day", 1, 31},
       {"month",
        1,
        12,
        {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
       {"weekday", 0, 7, {"sun", "mon", "tue", "wed", "thu", "fri", "sat"}}}};
  return made;
}

using values = std::bitset<64>;
using complaint = std::optional<std::string>;

/// Reads one of the five.
class field_reader {
public:
  field_reader(const field_kind& kind, std::string_view text) : kind_(kind), text_(text) {}

  complaint read(values& into) {
    std::string_view rest = text_;
    for (;;) {
      const std::size_t comma = rest.find(',');
      if (auto wrong = read_item(rest.substr(0, comma), into)) return wrong;
      if (comma == std::string_view::npos) return std::nullopt;
      rest.remove_prefix(comma + 1);
    }
  }

private:
  complaint bad(std::string_view why) const {
    return fmt::format("bad {} '{}': {}; write *, a number from {} to {}, a range like {}-{}, or a "
                       "step like */5, with commas between several",
                       kind_.name, text_.substr(0, 40), why, kind_.least, kind_.most, kind_.least,
                       kind_.most);
  }

  complaint read_item(std::string_view item, values& into) const {
    const std::size_t slash = item.find('/');
    const std::string_view range = item.substr(0, slash);
    unsigned step = 1;
    if (slash != std::string_view::npos) {
      const auto given = number(item.substr(slash + 1));
      if (!given || *given == 0 || *given > kind_.most) return bad("the step is none");
      step = *given;
      if (range != "*" && range.find('-') == std::string_view::npos)
        return bad("a step is of * or of a range");
    }
    unsigned from = kind_.least;
    unsigned to = kind_.most;
    if (range != "*")
      if (auto wrong = read_range(range, from, to)) return wrong;
    // All days of a week are seven.
    if (range == "*" && kind_.most == 7) to = 6;
    for (unsigned at = from; at <= to; at += step)
      into.set(at);
    return std::nullopt;
  }

  complaint read_range(std::string_view range, unsigned& from, unsigned& to) const {
    const std::size_t dash = range.find('-');
    const auto first = value_of(range.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : value_of(range.substr(dash + 1));
    if (!first || !last) return bad("a value is none");
    if (*first < kind_.least || *last > kind_.most) return bad("a value is out of range");
    if (*first > *last) return bad("the range ends before it begins");
    from = *first;
    to = *last;
    return std::nullopt;
  }

  std::optional<unsigned> value_of(std::string_view text) const {
    if (const auto given = number(text)) return given;
    std::string lower{text};
    for (char& c : lower)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const auto named = std::ranges::find(kind_.names, lower);
    if (named == kind_.names.end()) return std::nullopt;
    return kind_.least + static_cast<unsigned>(named - kind_.names.begin());
  }

  static std::optional<unsigned> number(std::string_view text) {
    unsigned made = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), made);
    if (text.empty() || read.ec != std::errc{} || read.ptr != text.data() + text.size())
      return std::nullopt;
    return made;
  }

  const field_kind& kind_;
  std::string_view text_;
};

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> made;
  constexpr std::string_view blanks = " \t";
  for (std::size_t at = text.find_first_not_of(blanks); at != std::string_view::npos;
       at = text.find_first_not_of(blanks, at)) {
    const std::size_t end = std::min(text.find_first_of(blanks, at), text.size());
    made.push_back(text.substr(at, end - at));
    at = end;
  }
  return made;
}

std::optional<std::string_view> fields_of(std::string_view name) {
  constexpr std::pair<std::string_view, std::string_view> known[] = {
      {"@hourly", "0 * * * *"},  {"@daily", "0 0 * * *"},   {"@midnight", "0 0 * * *"},
      {"@weekly", "0 0 * * 0"},  {"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"},
      {"@annually", "0 0 1 1 *"}};
  for (const auto& [word, fields] : known)
    if (word == name) return fields;
  return std::nullopt;
}

/// Whether a month has the day in some year.
bool can_be(const expression& made) {
  if (!made.any_day && !made.any_weekday) return true; // by its weekday, at the latest
  constexpr unsigned lengths[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  for (unsigned month = 1; month <= 12; ++month)
    for (unsigned day = 1; made.months.test(month) && day <= lengths[month - 1]; ++day)
      if (made.days.test(day)) return true;
  return false;
}

template <std::size_t Size>
std::bitset<Size> narrow(const values& from) {
  return std::bitset<Size>{from.to_ullong()};
}

} // namespace

tl::expected<expression, std::string> parse(std::string_view text) {
  if (text.size() > longest_text)
    return tl::unexpected(fmt::format("a schedule has at most {} bytes", longest_text));
  auto parts = split(text);
  if (parts.size() == 1 && parts[0].starts_with('@')) {
    const auto fields = fields_of(parts[0]);
    if (!fields)
      return tl::unexpected(fmt::format("unknown schedule '{}'; write @hourly, @daily, @weekly, "
                                        "@monthly, @yearly, or five fields",
                                        parts[0].substr(0, 40)));
    parts = split(*fields);
  }
  if (parts.size() != kinds().size())
    return tl::unexpected(fmt::format("{} fields, there are five: MINUTE HOUR DAY MONTH WEEKDAY, "
                                      "e.g. */5 * * * *",
                                      parts.size()));
  std::array<values, 5> read;
  for (std::size_t i = 0; i < parts.size(); ++i)
    if (auto wrong = field_reader{kinds()[i], parts[i]}.read(read[i]))
      return tl::unexpected(std::move(*wrong));
  if (read[4].test(7)) read[4].set(0).reset(7);
  expression made{narrow<60>(read[0]),       narrow<24>(read[1]),      narrow<32>(read[2]),
                  narrow<13>(read[3]),       narrow<7>(read[4]),       parts[2].starts_with('*'),
                  parts[4].starts_with('*'), parts[1].starts_with('*')};
  if (!can_be(made))
    return tl::unexpected(std::string{"no year has such a day; give a day that its month has"});
  return made;
}

} // namespace troupe::workflow::cron
