#include "actors/workflow/compiler.hpp"
#include "actors/workflow/value.hpp"
#include "actors/workflow/value_type.hpp"

#include <fmt/format.h>

namespace troupe::workflow {
namespace {

using syntax = condition_syntax::kind;
using type_kind = value_type::kind;

bool is_number(const value_type& type) {
  return !type.list && (type.what == type_kind::integer ||
                        type.what == type_kind::unsigned_integer || type.what == type_kind::number);
}

bool is_boolean(const value_type& type) {
  return !type.list && type.what == type_kind::boolean;
}

/// Whether a condition can look at values of this type at all.
bool is_scalar(const value_type& type) {
  return !type.list && type.what != type_kind::message && type.what != type_kind::bytes;
}

bool comparable(const value_type& one, const value_type& other) {
  if (is_number(one) && is_number(other)) return true;
  return one.what == other.what && one.enumeration == other.enumeration;
}

bool has_order(const value_type& type) {
  return is_number(type) || type.what == type_kind::text;
}

condition::kind kind_of(syntax from) {
  return from == syntax::negation ? condition::kind::negation
         : from == syntax::all    ? condition::kind::all
                                  : condition::kind::any;
}

const char* word_of(syntax from) {
  return from == syntax::negation ? "not" : from == syntax::all ? "and" : "or";
}

std::string described(const std::string& text, const value_type& type) {
  return fmt::format("{} is {}", text, type.to_string());
}

/// How a value becomes a boolean.
std::string comparison_for(const std::string& text, const value_type& type) {
  return fmt::format("compare it, e.g. {} {}", text,
                     type.what == type_kind::text          ? "== 'text'"
                     : type.what == type_kind::enumeration ? "== 'NAME'"
                                                           : "> 0");
}

} // namespace

void compiler::check_when(std::size_t at) {
  const auto& from = conditions_[at];
  if (!from) return;
  auto checked = check_condition(at, *from);
  if (!checked) return;
  if (!is_boolean(checked->type))
    return report("steps." + step_ids_[at] + ".when",
                  fmt::format("a condition is true or false, but {}; {}",
                              described(checked->text, checked->type),
                              comparison_for(checked->text, checked->type)),
                  false, from->offset);
  made_->steps[at].when = std::move(checked->made);
}

std::optional<compiler::typed_condition> compiler::check_condition(std::size_t at,
                                                                   const condition_syntax& from) {
  switch (from.what) {
  case syntax::literal:
  case syntax::reference:
    return check_leaf(at, from);
  case syntax::comparison:
    return check_comparison(at, from);
  case syntax::negation:
  case syntax::all:
  case syntax::any:
    break;
  }
  return check_logic(at, from);
}

std::optional<compiler::typed_condition> compiler::check_leaf(std::size_t at,
                                                              const condition_syntax& from) {
  typed_condition made;
  if (from.what == syntax::literal) {
    made.made.literal = from.literal;
    made.type = type_of(from.literal);
    render(view(from.literal), made.text);
    if (std::holds_alternative<std::string>(from.literal))
      made.text = fmt::format("'{}'", made.text.substr(0, 80));
    return made;
  }
  const std::string path = "steps." + step_ids_[at] + ".when";
  auto resolved = resolve(at, from.from, path);
  if (!resolved) return std::nullopt;
  made.made.what = condition::kind::reference;
  made.type = resolved->type;
  made.text = fmt::format("${{{}}}", resolved->text);
  if (!is_scalar(made.type)) {
    report(path,
           fmt::format("{}, which a condition cannot look at; refer to one of its fields that is "
                       "a number, a text, a boolean or an enumeration",
                       described(made.text, made.type)),
           false, from.offset);
    return std::nullopt;
  }
  made.made.from = std::move(*resolved);
  return made;
}

std::optional<compiler::typed_condition> compiler::check_logic(std::size_t at,
                                                               const condition_syntax& from) {
  typed_condition made;
  made.made.what = kind_of(from.what);
  made.type = type_of(scalar{true});
  made.text = fmt::format("the '{}'", word_of(from.what));
  bool good = true;
  for (const condition_syntax& part : from.parts) {
    auto checked = check_condition(at, part);
    if (checked && !is_boolean(checked->type)) {
      report("steps." + step_ids_[at] + ".when",
             fmt::format("'{}' takes what is true or false, but {}; {}", word_of(from.what),
                         described(checked->text, checked->type),
                         comparison_for(checked->text, checked->type)),
             false, part.offset);
      checked.reset();
    }
    good = good && checked;
    if (checked) made.made.parts.push_back(std::move(checked->made));
  }
  return good ? std::optional{std::move(made)} : std::nullopt;
}

std::optional<compiler::typed_condition> compiler::check_comparison(std::size_t at,
                                                                    const condition_syntax& from) {
  const std::string path = "steps." + step_ids_[at] + ".when";
  auto left = check_condition(at, from.parts[0]);
  auto right = check_condition(at, from.parts[1]);
  if (!left || !right) return std::nullopt;
  if (!fit_enumeration(*left, *right, path, from.parts[1].offset) ||
      !fit_enumeration(*right, *left, path, from.parts[0].offset))
    return std::nullopt;
  if (!comparable(left->type, right->type)) {
    report(path,
           fmt::format("{}, but {}; compare numbers with numbers, texts with texts, booleans with "
                       "booleans, and an enumeration with the name of its value as a 'text'",
                       described(left->text, left->type), described(right->text, right->type)),
           false, from.offset);
    return std::nullopt;
  }
  if (from.how != comparison::equal && from.how != comparison::not_equal &&
      !has_order(left->type)) {
    report(path,
           fmt::format("values of {} have no order; compare them with == or !=",
                       left->type.to_string()),
           false, from.offset);
    return std::nullopt;
  }
  typed_condition made;
  made.made.what = condition::kind::comparison;
  made.made.how = from.how;
  made.made.parts.push_back(std::move(left->made));
  made.made.parts.push_back(std::move(right->made));
  made.text = "the comparison";
  made.type = type_of(scalar{true});
  return made;
}

/// Turns a literal text beside an enumeration into the number of the value that it names.
/// @returns false, and reports it, where it names none.
bool compiler::fit_enumeration(const typed_condition& entry, typed_condition& text,
                               const std::string& path, std::size_t offset) {
  auto* name = std::get_if<std::string>(&text.made.literal);
  if (entry.type.what != type_kind::enumeration || text.made.what != condition::kind::literal ||
      !name)
    return true;
  auto found = find_enum_value(*entry.type.enumeration, *name);
  if (!found) {
    report(path, std::move(found.error()), false, offset);
    return false;
  }
  text.made.literal = std::int64_t{*found};
  text.type = entry.type;
  return true;
}

} // namespace troupe::workflow
