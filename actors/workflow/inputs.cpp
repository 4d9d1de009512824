#include "actors/workflow/inputs.hpp"

#include "actors/workflow/errors.hpp"
#include "kernels/text/utf8.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <optional>

namespace troupe::workflow {
namespace {

constexpr std::int64_t largest_integer = std::int64_t{1} << 53;

/// Collects complaints, so that all are told at once.
class complaints {
public:
  void add(std::string text) { lines_.push_back(std::move(text)); }
  [[nodiscard]] bool empty() const { return lines_.empty(); }
  [[nodiscard]] tl::unexpected<error> as_error() const {
    return fail(workflow_errc::bad_input, fmt::format("{}", fmt::join(lines_, "\n")));
  }

private:
  std::vector<std::string> lines_;
};

const input_declaration* find(const definition& workflow, const std::string& name) {
  const auto found = std::find_if(workflow.inputs.begin(), workflow.inputs.end(),
                                  [&](const input_declaration& each) { return each.name == name; });
  return found == workflow.inputs.end() ? nullptr : &*found;
}

std::string unknown(const definition& workflow, const std::string& name) {
  std::vector<std::string> names;
  for (const input_declaration& each : workflow.inputs)
    names.push_back(each.name);
  return fmt::format("unknown input '{}' of workflow '{}'{}", name.substr(0, 80), workflow.name,
                     names.empty() ? "; it has none" : suggestion(name, names));
}

template <class Number>
std::optional<Number> parse(std::string_view text) {
  Number made{};
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), made);
  if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return made;
}

std::optional<scalar> parse_as(v1::InputType type, const std::string& text) {
  switch (type) {
  case v1::INPUT_TYPE_INTEGER:
    if (const auto whole = parse<std::int64_t>(text)) return *whole;
    return std::nullopt;
  case v1::INPUT_TYPE_NUMBER:
    if (const auto number = parse<double>(text)) return *number;
    return std::nullopt;
  case v1::INPUT_TYPE_BOOLEAN:
    if (text == "true" || text == "false") return text == "true";
    return std::nullopt;
  default:
    return text;
  }
}

const char* wanted(v1::InputType type) {
  switch (type) {
  case v1::INPUT_TYPE_INTEGER:
    return "a whole number up to 2^53";
  case v1::INPUT_TYPE_NUMBER:
    return "a finite number";
  case v1::INPUT_TYPE_BOOLEAN:
    return "true or false";
  default:
    return "text in UTF-8";
  }
}

/// The value as its declared type holds it; nothing where it is of another one or out of range.
std::optional<scalar> convert(v1::InputType type, const scalar& given) {
  const auto* whole = std::get_if<std::int64_t>(&given);
  switch (type) {
  case v1::INPUT_TYPE_INTEGER:
    if (whole && *whole >= -largest_integer && *whole <= largest_integer) return given;
    return std::nullopt;
  case v1::INPUT_TYPE_NUMBER:
    if (whole) return static_cast<double>(*whole);
    if (const auto* number = std::get_if<double>(&given); number && std::isfinite(*number))
      return given;
    return std::nullopt;
  case v1::INPUT_TYPE_BOOLEAN:
    return std::holds_alternative<bool>(given) ? std::optional{given} : std::nullopt;
  default:
    if (const auto* text = std::get_if<std::string>(&given); text && text::is_valid_utf8(*text))
      return given;
    return std::nullopt;
  }
}

void fill_defaults(const definition& workflow, input_values& made, complaints& found) {
  for (const input_declaration& declared : workflow.inputs) {
    if (made.contains(declared.name)) continue;
    if (declared.default_value)
      made.emplace(declared.name, *declared.default_value);
    else
      found.add(fmt::format("input '{}' of workflow '{}' is missing; give {}={}", declared.name,
                            workflow.name, declared.name, wanted(declared.type)));
  }
}

} // namespace

result<input_values> parse_inputs(const definition& workflow,
                                  std::span<const std::string> assignments) {
  input_values made;
  complaints found;
  for (const std::string& assignment : assignments) {
    const std::size_t equals = assignment.find('=');
    if (equals == std::string::npos || equals == 0) {
      found.add(fmt::format("'{}' is no input; write NAME=VALUE", assignment.substr(0, 80)));
      continue;
    }
    const std::string name = assignment.substr(0, equals);
    const std::string text = assignment.substr(equals + 1);
    const input_declaration* declared = find(workflow, name);
    if (!declared) {
      found.add(unknown(workflow, name));
      continue;
    }
    auto value = parse_as(declared->type, text);
    if (value) value = convert(declared->type, *value);
    if (!value)
      found.add(fmt::format("input '{}' must be {}, not '{}'", name, wanted(declared->type),
                            text.substr(0, 80)));
    if (!made.emplace(name, value.value_or(text)).second)
      found.add(fmt::format("input '{}' is given twice", name));
  }
  fill_defaults(workflow, made, found);
  if (!found.empty()) return found.as_error();
  return made;
}

result<input_values> complete_inputs(const definition& workflow, const input_values& given) {
  input_values made;
  complaints found;
  for (const auto& [name, value] : given) {
    const input_declaration* declared = find(workflow, name);
    if (!declared) {
      found.add(unknown(workflow, name));
      continue;
    }
    const auto converted = convert(declared->type, value);
    if (!converted) found.add(fmt::format("input '{}' must be {}", name, wanted(declared->type)));
    made.emplace(name, converted.value_or(value));
  }
  fill_defaults(workflow, made, found);
  if (!found.empty()) return found.as_error();
  return made;
}

} // namespace troupe::workflow
