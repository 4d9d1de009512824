#include "actors/workflow/reference_reader.hpp"

#include <algorithm>
#include <cmath>
#include <compare>

namespace troupe::workflow {
namespace {

/// A whole number against one with a fraction: as doubles they could be equal though they are not.
std::partial_ordering order(std::int64_t whole, double number) {
  if (std::isnan(number)) return std::partial_ordering::unordered;
  if (number >= 0x1p63) return std::partial_ordering::less;
  if (number < -0x1p63) return std::partial_ordering::greater;
  const double floor = std::floor(number);
  if (const auto wholes = whole <=> static_cast<std::int64_t>(floor); std::is_neq(wholes))
    return wholes;
  return floor < number ? std::partial_ordering::less : std::partial_ordering::equivalent;
}

std::partial_ordering order(std::uint64_t whole, double number) {
  if (number >= 0x1p64) return std::partial_ordering::less;
  if (whole <= INT64_MAX) return order(static_cast<std::int64_t>(whole), number);
  // What is above 2^63 has no fraction as a double.
  if (number < 0x1p63) return std::partial_ordering::greater;
  return std::isnan(number) ? std::partial_ordering::unordered
                            : std::partial_ordering{whole <=> static_cast<std::uint64_t>(number)};
}

std::partial_ordering reversed(std::partial_ordering from) {
  if (std::is_lt(from)) return std::partial_ordering::greater;
  return std::is_gt(from) ? std::partial_ordering::less : from;
}

/// Any pair that the compiler lets through.
struct orderer {
  std::partial_ordering operator()(bool a, bool b) const { return a <=> b; }
  std::partial_ordering operator()(std::string_view a, std::string_view b) const { return a <=> b; }
  std::partial_ordering operator()(std::int64_t a, std::int64_t b) const { return a <=> b; }
  std::partial_ordering operator()(std::uint64_t a, std::uint64_t b) const { return a <=> b; }
  std::partial_ordering operator()(double a, double b) const { return a <=> b; }
  std::partial_ordering operator()(std::int64_t a, std::uint64_t b) const {
    return a < 0 ? std::partial_ordering::less : static_cast<std::uint64_t>(a) <=> b;
  }
  std::partial_ordering operator()(std::uint64_t a, std::int64_t b) const {
    return reversed((*this)(b, a));
  }
  std::partial_ordering operator()(std::int64_t a, double b) const { return order(a, b); }
  std::partial_ordering operator()(std::uint64_t a, double b) const { return order(a, b); }
  std::partial_ordering operator()(double a, std::int64_t b) const { return reversed(order(b, a)); }
  std::partial_ordering operator()(double a, std::uint64_t b) const {
    return reversed(order(b, a));
  }
  std::partial_ordering operator()(enum_value a, enum_value b) const {
    return a.number <=> b.number;
  }
  std::partial_ordering operator()(enum_value a, std::int64_t b) const { return a.number <=> b; }
  std::partial_ordering operator()(std::int64_t a, enum_value b) const { return a <=> b.number; }
  template <class A, class B>
  std::partial_ordering operator()(const A&, const B&) const {
    return std::partial_ordering::unordered;
  }
};

bool holds(comparison how, std::partial_ordering found) {
  switch (how) {
  case comparison::equal:
    return std::is_eq(found);
  case comparison::not_equal:
    return std::is_neq(found);
  case comparison::less:
    return std::is_lt(found);
  case comparison::less_equal:
    return std::is_lteq(found);
  case comparison::greater:
    return std::is_gt(found);
  case comparison::greater_equal:
    return std::is_gteq(found);
  }
  return false;
}

/// What a side of a comparison gives: a leaf its value, anything else whether it holds.
value value_of(const condition& side, reference_reader& reader) {
  if (side.what == condition::kind::literal) return view(side.literal);
  if (side.what != condition::kind::reference) return evaluate(side, reader);
  value made = false;
  reader.read(side.from, [&](const value& only) { made = only; });
  return made;
}

} // namespace

bool evaluate(const condition& checked, reference_reader& reader) {
  const auto part_holds = [&](const condition& part) { return evaluate(part, reader); };
  switch (checked.what) {
  case condition::kind::literal:
  case condition::kind::reference: {
    const value found = value_of(checked, reader);
    const bool* on = std::get_if<bool>(&found);
    return on && *on;
  }
  case condition::kind::comparison:
    return holds(checked.how, std::visit(orderer{}, value_of(checked.parts[0], reader),
                                         value_of(checked.parts[1], reader)));
  case condition::kind::negation:
    return !evaluate(checked.parts[0], reader);
  case condition::kind::all:
    return std::all_of(checked.parts.begin(), checked.parts.end(), part_holds);
  case condition::kind::any:
    return std::any_of(checked.parts.begin(), checked.parts.end(), part_holds);
  }
  return false;
}

} // namespace troupe::workflow
