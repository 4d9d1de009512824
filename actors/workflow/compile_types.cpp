#include "actors/workflow/compiler.hpp"
#include "actors/workflow/value.hpp"
#include "actors/workflow/value_type.hpp"
#include "troupe/v1/run.pb.h"

#include <algorithm>
#include <fmt/format.h>

namespace troupe::workflow {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Value;
using origin = value_reference::origin;

value_type type_of_input(v1::InputType type) {
  switch (type) {
  case v1::INPUT_TYPE_INTEGER:
    return type_of(scalar{std::int64_t{0}});
  case v1::INPUT_TYPE_NUMBER:
    return type_of(scalar{0.0});
  case v1::INPUT_TYPE_BOOLEAN:
    return type_of(scalar{false});
  default:
    return type_of(scalar{std::string{}});
  }
}

std::string describe(const FieldDescriptor& field, bool element) {
  value_type type = type_of(field);
  if (element) type.list = false;
  // The inputs of a workflow are put into wrappers, of which nobody has heard.
  if (field.file()->name() == "google/protobuf/wrappers.proto")
    return "the input is " + type.to_string();
  return fmt::format("field {} is {}", field.full_name(), type.to_string());
}

/// Literals that are whole numbers are integers, so that they fit integer fields.
scalar to_scalar(double number) {
  const bool whole = number >= -9007199254740992.0 && number <= 9007199254740992.0 &&
                     number == static_cast<double>(static_cast<std::int64_t>(number));
  return whole ? scalar{static_cast<std::int64_t>(number)} : scalar{number};
}

} // namespace

void compiler::check_types(std::size_t at) {
  const v1::StepDefinition& from = source_.steps(static_cast<int>(at));
  if (!from.for_each().empty()) check_for_each(at);
  step& made = made_->steps[at];
  if (made.request)
    made.input = check_object(at, from.input(), *made.request, "steps." + from.id() + ".input");
  check_limit_keys(at);
  check_child_inputs(at);
  check_compensation_types(at);
  check_when(at);
  add_dependencies(at);
}

void compiler::check_for_each(std::size_t at) {
  const v1::StepDefinition& from = source_.steps(static_cast<int>(at));
  const auto parsed = parse_text(from.for_each());
  if (!parsed) return;
  const reference* over = parsed->whole();
  if (over && over->root == reference_root::step) {
    auto& each = made_->steps[at].each = make_fan_out(at, *over);
    if (each && each->chained) read_[at].insert(each->source);
  } else if (!over || over->root != reference_root::item) {
    report("steps." + from.id() + ".for_each",
           fmt::format("for_each '{}' is no list; write one reference to a list of a step's reply "
                       "(${{steps.ID.field}}) or "
                       "to a step that fans out itself (${{steps.ID}})",
                       from.for_each().substr(0, 140)),
           false, over ? std::optional{over->offset} : std::nullopt);
  }
}

std::optional<fan_out> compiler::make_fan_out(std::size_t at, const reference& from) {
  const std::string path = "steps." + step_ids_[at] + ".for_each";
  const auto found = made_->step_index.find(from.name);
  if (found == made_->step_index.end() || found->second == at) return std::nullopt;
  const step& source = made_->steps[found->second];
  // Where the source is wrong itself, what it gives is not known.
  const bool source_fans_out = !source_.steps(static_cast<int>(found->second)).for_each().empty();
  if (!source.reply || (source_fans_out && !source.each)) return std::nullopt;
  auto followed = follow(type_of(*source.reply), from.path);
  if (!followed) {
    report(path, followed.error(), false, from.offset);
    return std::nullopt;
  }
  if (source_fans_out && followed->type.list) {
    report(path,
           fmt::format("step '{}' fans out, and '{}' is a list in each of its replies: fan-outs do "
                       "not nest; write "
                       "for_each: ${{steps.{}}} and use the list in the input",
                       from.name, from.to_string(), from.name),
           false, from.offset);
    return std::nullopt;
  }
  if (!source_fans_out && !followed->type.list) {
    report(path,
           fmt::format("for_each '${{{}}}' is {}, not a list; name a repeated field of step '{}' "
                       "or a step that fans "
                       "out",
                       from.to_string(), followed->type.to_string(), from.name),
           false, from.offset);
    return std::nullopt;
  }
  fan_out made;
  made.source = found->second;
  made.path = std::move(followed->path);
  made.chained = source_fans_out;
  made.root = source_fans_out ? source.each->root : made.source;
  made.root_path = source_fans_out ? source.each->root_path : made.path;
  made.item_type = followed->type;
  made.item_type.list = false;
  return made;
}

bool compiler::same_fan_out(std::size_t a, std::size_t b) const {
  const auto& one = made_->steps[a].each;
  const auto& other = made_->steps[b].each;
  return one && other && one->root == other->root && one->root_path == other->root_path;
}

void compiler::add_dependencies(std::size_t at) {
  step& made = made_->steps[at];
  for (const std::size_t needed : named_[at])
    made.needs.push_back({needed, same_fan_out(at, needed), read_[at].contains(needed)});
}

object_expression compiler::check_object(std::size_t at, const google::protobuf::Struct& from,
                                         const Descriptor& type, const std::string& path) {
  object_expression made;
  for (const std::string& name : sorted_names(from)) {
    const std::string inner = fmt::format("{}.{}", path, name);
    const FieldDescriptor* field = type.FindFieldByName(name);
    if (!field) {
      report(inner,
             fmt::format("{} has no field '{}'{}", type.full_name(), name,
                         suggestion(name, field_names(type))),
             true);
      continue;
    }
    if (field->is_map()) {
      report(inner,
             fmt::format("field {} is a map, which a definition cannot fill; leave it out",
                         field->full_name()),
             true);
      continue;
    }
    if (auto checked = check_value(at, from.fields().at(name), *field, false, inner))
      made.fields.push_back({field, std::move(*checked)});
  }
  return made;
}

std::optional<expression> compiler::check_value(std::size_t at, const Value& from,
                                                const FieldDescriptor& field, bool element,
                                                const std::string& path) {
  switch (from.kind_case()) {
  case Value::kBoolValue:
    return check_literal(from.bool_value(), field, element, path);
  case Value::kNumberValue:
    return check_literal(to_scalar(from.number_value()), field, element, path);
  case Value::kStringValue:
    return check_string(at, from.string_value(), field, element, path);
  case Value::kListValue:
    if (!element && field.is_repeated()) return check_list(at, from.list_value(), field, path);
    report(path, fmt::format("a list is given, but {}; write one value", describe(field, element)));
    return std::nullopt;
  case Value::kStructValue:
    if (field.message_type() && (element || !field.is_repeated()))
      return check_object(at, from.struct_value(), *field.message_type(), path);
    report(path, fmt::format("a mapping is given, but {}; {}", describe(field, element),
                             field.is_repeated() && !element ? "put it in [ ]"
                                                             : "write a value without keys"));
    return std::nullopt;
  case Value::kNullValue:
  case Value::KIND_NOT_SET:
    break;
  }
  report(path, "there is no value; write one, or leave the field out");
  return std::nullopt;
}

std::optional<expression> compiler::check_literal(const scalar& literal,
                                                  const FieldDescriptor& field, bool element,
                                                  const std::string& path) {
  const value_type type = type_of(literal);
  if (!fits(type, field, element)) {
    std::string shown;
    render(view(literal), shown);
    const bool text_wanted = type_of(field).what == value_type::kind::text;
    report(path, fmt::format("'{}' is {}, but {}{}", shown.substr(0, 80), type.to_string(),
                             describe(field, element),
                             field.is_repeated() && !element ? "; put it in [ ]"
                             : text_wanted                   ? "; put it in quotes"
                                                             : "; write a value of that type"));
    return std::nullopt;
  }
  // What else depends on the value (range, names of an enumeration) shows when it is put in.
  const auto* prototype =
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(field.containing_type());
  const std::unique_ptr<google::protobuf::Message> scratch{prototype->New()};
  if (auto wrong = assign(*scratch, field, view(literal))) {
    if (!field.enum_type()) *wrong += "; write one that fits";
    report(path, std::move(*wrong));
    return std::nullopt;
  }
  return literal;
}

std::optional<expression> compiler::check_string(std::size_t at, const std::string& text,
                                                 const FieldDescriptor& field, bool element,
                                                 const std::string& path) {
  const auto parsed = parse_text(text);
  if (!parsed) return std::nullopt;
  if (!parsed->has_references()) return check_literal(parsed->literal(), field, element, path);
  const reference* whole = parsed->whole();
  if (whole) {
    auto resolved = resolve(at, *whole, path);
    if (!resolved || fits(resolved->type, field, element)) return resolved;
    report(path,
           fmt::format("'${{{}}}' is {}, but {}; refer to something of that type", resolved->text,
                       resolved->type.to_string(), describe(field, element)),
           false, whole->offset);
    return std::nullopt;
  }
  if (!fits(type_of(scalar{std::string{}}), field, element)) {
    report(path,
           fmt::format("a text with references in it is string, but {}; write one reference alone",
                       describe(field, element)));
    return std::nullopt;
  }
  return join_text(at, *parsed, path);
}

std::optional<expression> compiler::join_text(std::size_t at, const text_template& parsed,
                                              const std::string& path) {
  text_expression made;
  bool good = true;
  for (const auto& part : parsed.parts) {
    const auto* from = std::get_if<reference>(&part);
    if (!from) {
      made.parts.emplace_back(std::get<std::string>(part));
      continue;
    }
    auto resolved = resolve(at, *from, path);
    if (resolved && (resolved->type.list || resolved->type.what == value_type::kind::message ||
                     resolved->type.what == value_type::kind::bytes)) {
      report(path,
             fmt::format("'${{{}}}' is {}, which has no form inside a text; use it alone, or one "
                         "of its scalar fields",
                         resolved->text, resolved->type.to_string()),
             false, from->offset);
      resolved.reset();
    }
    good = good && resolved;
    if (resolved) made.parts.emplace_back(std::move(*resolved));
  }
  return good ? std::optional<expression>{std::move(made)} : std::nullopt;
}

std::optional<expression> compiler::check_list(std::size_t at,
                                               const google::protobuf::ListValue& from,
                                               const FieldDescriptor& field,
                                               const std::string& path) {
  list_expression made;
  for (int i = 0; i < from.values_size(); ++i)
    if (auto checked = check_value(at, from.values(i), field, true, fmt::format("{}[{}]", path, i)))
      made.elements.push_back(std::move(*checked));
  return made;
}

std::optional<value_type> compiler::root_type(std::size_t at, const reference& from,
                                              value_reference& made) const {
  switch (from.root) {
  case reference_root::input: {
    const auto found = std::find(input_names_.begin(), input_names_.end(), from.name);
    if (found == input_names_.end()) return std::nullopt;
    made.position = static_cast<std::size_t>(found - input_names_.begin());
    return type_of_input(made_->inputs[made.position].type);
  }
  case reference_root::item:
    made.from = origin::item;
    if (!made_->steps[at].each) return std::nullopt;
    return made_->steps[at].each->item_type;
  case reference_root::index: {
    made.from = origin::index;
    value_type type;
    type.what = value_type::kind::unsigned_integer;
    type.spelling = "uint32";
    return type;
  }
  case reference_root::run:
    made.from = origin::run;
    return type_of(*v1::RunSummary::descriptor());
  case reference_root::step:
    break;
  }
  const auto found = made_->step_index.find(from.name);
  // Only what undoes a step may read its reply.
  if (found == made_->step_index.end() || (found->second == at) == within_.empty())
    return std::nullopt;
  made.position = found->second;
  const step& source = made_->steps[made.position];
  const bool fans_out = !source_.steps(static_cast<int>(made.position)).for_each().empty();
  if (!source.reply || (fans_out && !source.each)) return std::nullopt;
  const bool same = same_fan_out(at, made.position);
  made.from = same ? origin::reply_of_same_index : fans_out ? origin::all_replies : origin::reply;
  return fans_out && !same ? list_of(type_of(*source.reply)) : type_of(*source.reply);
}

std::optional<value_reference> compiler::resolve(std::size_t at, const reference& from,
                                                 const std::string& path) {
  value_reference made;
  made.text = from.to_string();
  const auto root = root_type(at, from, made);
  if (!root) return std::nullopt;
  auto followed = follow(*root, from.path);
  if (!followed) {
    report(path, fmt::format("'${{{}}}': {}", made.text, followed.error()), false, from.offset);
    return std::nullopt;
  }
  made.path = std::move(followed->path);
  made.type = std::move(followed->type);
  if (within_.empty() && (made.from == origin::reply || made.from == origin::reply_of_same_index))
    read_[at].insert(made.position);
  return made;
}

} // namespace troupe::workflow
