#include "actors/scheduling/resources/resource_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>

namespace troupe::scheduling {
namespace {

/// Most digits after the point of an amount of memory: times the largest unit they stay below 2^64.
constexpr std::size_t most_memory_digits = 6;
constexpr std::size_t milli_digits = 3;
constexpr std::size_t longest_name = 64;

struct unit {
  std::string_view name;
  std::uint64_t bytes;
};

constexpr std::array units{unit{"TiB", std::uint64_t{1} << 40},
                           unit{"TB", 1'000'000'000'000},
                           unit{"GiB", std::uint64_t{1} << 30},
                           unit{"GB", 1'000'000'000},
                           unit{"MiB", std::uint64_t{1} << 20},
                           unit{"MB", 1'000'000},
                           unit{"KiB", std::uint64_t{1} << 10},
                           unit{"kB", 1'000},
                           unit{"B", 1}};

tl::unexpected<std::string> bad(std::string_view name, std::string_view text,
                                std::string_view why) {
  return tl::unexpected(fmt::format("bad amount '{}' of {}: {}", text.substr(0, 80),
                                    name.substr(0, longest_name), why));
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// A number without sign or exponent, its digits after the point apart.
struct decimal {
  std::uint64_t whole = 0;
  std::string_view fraction;
};

/// Takes a number off the front of `rest`.
std::optional<decimal> take_decimal(std::string_view& rest) {
  decimal made;
  const auto [end, code] = std::from_chars(rest.data(), rest.data() + rest.size(), made.whole);
  if (code == std::errc::invalid_argument) return std::nullopt;
  if (code == std::errc::result_out_of_range) made.whole = ~std::uint64_t{0};
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  if (rest.size() > 1 && rest[0] == '.' && is_digit(rest[1])) {
    const auto past = std::find_if_not(rest.begin() + 1, rest.end(), is_digit);
    made.fraction = rest.substr(1, static_cast<std::size_t>(past - rest.begin()) - 1);
    rest.remove_prefix(made.fraction.size() + 1);
  }
  return made;
}

/// The digits after the point in units of 1/10^digits; never more than that many digits are given.
std::uint64_t fraction_in(std::string_view fraction, std::size_t digits) {
  std::uint64_t made = 0;
  for (std::size_t i = 0; i < digits; ++i)
    made = made * 10 + (i < fraction.size() ? static_cast<std::uint64_t>(fraction[i] - '0') : 0);
  return made;
}

checked_text<std::uint64_t> parse_cpu(std::string_view text) {
  std::string_view rest = text;
  const auto number = take_decimal(rest);
  if (!number || !rest.empty())
    return bad("cpu", text, "it is no number of cores; write e.g. 2 or 0.5");
  if (number->fraction.size() > milli_digits)
    return bad("cpu", text,
               "cores are counted in thousandths; write at most three digits after the point");
  if (number->whole >= most_resource_amount / 1'000)
    return bad("cpu", text, "no node has as much; write a smaller number");
  return number->whole * 1'000 + fraction_in(number->fraction, milli_digits);
}

checked_text<std::uint64_t> parse_memory(std::string_view name, std::string_view text) {
  std::string_view rest = text;
  const auto number = take_decimal(rest);
  if (!number) return bad(name, text, "a number is missing; write e.g. 512MiB or 2GiB");
  while (rest.starts_with(' '))
    rest.remove_prefix(1);
  if (rest.empty()) return bad(name, text, "the unit is missing; write e.g. 512MiB, 2GiB or 100B");
  const auto* const known = std::ranges::find(units, rest, &unit::name);
  if (known == units.end())
    return bad(
        name, text,
        fmt::format("the unit '{}' is not known; use one of B, kB, KiB, MB, MiB, GB, GiB, TB, TiB",
                    rest.substr(0, 20)));
  if (number->fraction.size() > most_memory_digits)
    return bad(name, text, "there are more than six digits after the point; write fewer");
  if (number->whole >= most_resource_amount / known->bytes)
    return bad(name, text, "no node has as much; write a smaller number");
  constexpr std::uint64_t millionth = 1'000'000;
  return number->whole * known->bytes +
         fraction_in(number->fraction, most_memory_digits) * known->bytes / millionth;
}

checked_text<std::uint64_t> parse_count(std::string_view name, std::string_view text) {
  std::uint64_t made = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), made);
  if (code == std::errc::invalid_argument || end != text.data() + text.size())
    return bad(name, text, "it is no whole number; write e.g. 1");
  if (code != std::errc{} || made > most_resource_amount)
    return bad(name, text, "no node has as many; write a smaller number");
  return made;
}

bool is_memory(std::string_view name) {
  return name == "memory" || name == "gpu_memory";
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// One `name=amount` of a list.
checked_text<resource_amount> parse_entry(std::string_view text) {
  const auto split = text.find_first_of("=:");
  if (split == std::string_view::npos)
    return tl::unexpected(
        fmt::format("'{}' has no amount; write NAME=AMOUNT, e.g. cpu=4", text.substr(0, 80)));
  const auto name = trimmed(text.substr(0, split));
  if (auto good = check_resource_name(name); !good) return tl::unexpected(std::move(good.error()));
  const auto amount = parse_amount(name, trimmed(text.substr(split + 1)));
  if (!amount) return tl::unexpected(amount.error());
  return resource_amount{std::string{name}, *amount};
}

} // namespace

checked_text<void> check_resource_name(std::string_view name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const bool good =
      !name.empty() && name.size() <= longest_name && is_letter(name[0]) &&
      std::ranges::all_of(name, [&](char c) {
        return is_letter(c) || is_digit(c) || c == '.' || c == '_' || c == '-' || c == '/';
      });
  if (good) return {};
  return tl::unexpected(fmt::format(
      "bad resource name '{}'; use cpu, gpu, memory, gpu_memory or a name of your own: a letter, "
      "then letters, digits, '.', '_', '-' and '/', 64 at most",
      name.substr(0, 80)));
}

checked_text<std::uint64_t> parse_amount(std::string_view name, std::string_view text) {
  if (text.empty()) return bad(name, text, "it is empty; write a number");
  if (text[0] == '-') return bad(name, text, "it is negative; write 0 or more");
  if (name == "cpu") return parse_cpu(text);
  if (is_memory(name)) return parse_memory(name, text);
  return parse_count(name, text);
}

checked_text<std::vector<resource_amount>> parse_resources(std::string_view text) {
  std::vector<resource_amount> made;
  for (std::string_view rest = text;;) {
    const auto comma = rest.find(',');
    auto entry = parse_entry(trimmed(rest.substr(0, comma)));
    if (!entry) return tl::unexpected(std::move(entry.error()));
    if (std::ranges::find(made, entry->name, &resource_amount::name) != made.end())
      return tl::unexpected(fmt::format("{} is there twice; keep one", entry->name));
    made.push_back(std::move(*entry));
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  if (auto good = make_resources(made); !good) return tl::unexpected(std::move(good.error()));
  return made;
}

std::string format_amount(std::string_view name, std::uint64_t amount) {
  if (name == "cpu") {
    std::string made = fmt::format("{}.{:03}", amount / 1'000, amount % 1'000);
    made.erase(made.find_last_not_of('0') + 1);
    if (made.ends_with('.')) made.pop_back();
    return made;
  }
  if (!is_memory(name)) return std::to_string(amount);
  if (amount == 0) return "0B";
  for (const unit& each : units)
    if (each.name.ends_with("iB") && amount % each.bytes == 0)
      return fmt::format("{}{}", amount / each.bytes, each.name);
  return fmt::format("{}B", amount);
}

std::string format_resources(const resource_vector& of) {
  std::string made;
  for (const resource_amount& each : amounts_of(of))
    made += fmt::format("{}{}={}", made.empty() ? "" : ",", each.name,
                        format_amount(each.name, each.amount));
  return made.empty() ? "nothing" : made;
}

checked_text<resource_vector> make_resources(const std::vector<resource_amount>& amounts) {
  resource_vector made;
  for (const resource_amount& each : amounts) {
    if (auto good = check_resource_name(each.name); !good)
      return tl::unexpected(std::move(good.error()));
    if (each.amount > most_resource_amount)
      return bad(each.name, std::to_string(each.amount),
                 "no node has as much; write a smaller number");
    set_amount(made, each.name, each.amount);
    if (made.custom.size() > most_custom_resources)
      return tl::unexpected(
          fmt::format("there are more than {} resources of other names; leave some out",
                      most_custom_resources));
  }
  return made;
}

} // namespace troupe::scheduling
