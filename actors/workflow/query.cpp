#include "actors/workflow/query.hpp"

#include "actors/workflow/errors.hpp"
#include "actors/workflow/event_codec.hpp"
#include "actors/workflow/references.hpp"
#include "actors/workflow/value_type.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <google/protobuf/any.pb.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/time_util.h>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

namespace troupe::workflow {
namespace {

using json = nlohmann::ordered_json;
using google::protobuf::Message;

constexpr std::size_t longest_path = 1'024;

tl::unexpected<error> bad_path(std::string_view path, std::string_view why) {
  return fail(workflow_errc::bad_query, fmt::format("'{}': {}", path.substr(0, 140), why));
}

/// With the names of fields as paths have them.
json json_of(const Message& message) {
  google::protobuf::util::JsonPrintOptions how;
  how.preserve_proto_field_names = true;
  std::string text;
  const auto done = google::protobuf::util::MessageToJsonString(message, &text, how);
  if (!done.ok()) return {{"error", std::string{done.message()}}};
  return json::parse(text);
}

/// As Protobuf's JSON has it: bytes in base64, numbers that JSON does not have as texts.
json json_of(const value& from, const value_type& type) {
  struct writer {
    bool bytes;
    json operator()(bool on) const { return on; }
    json operator()(std::int64_t whole) const { return whole; }
    json operator()(std::uint64_t whole) const { return whole; }
    json operator()(double number) const {
      if (std::isnan(number)) return "NaN";
      if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
      return number;
    }
    json operator()(std::string_view text) const {
      return bytes ? base64(text) : std::string{text};
    }
    json operator()(const enum_value& entry) const {
      const auto* found = entry.type->FindValueByNumber(entry.number);
      return found ? json(found->name()) : json(entry.number);
    }
    json operator()(const Message* message) const { return json_of(*message); }
    static std::string base64(std::string_view text) {
      constexpr std::string_view digits =
          "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
      std::string made;
      for (std::size_t at = 0; at < text.size(); at += 3) {
        std::uint32_t bits = 0;
        for (std::size_t i = 0; i < 3; ++i)
          bits = bits << 8 | (at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0);
        for (std::size_t i = 0; i < 4; ++i)
          made += at + i > text.size() ? '=' : digits[bits >> (18 - 6 * i) & 63];
      }
      return made;
    }
  };
  return std::visit(writer{type.what == value_type::kind::bytes}, from);
}

const char* name_of(instance_status status) {
  constexpr const char* names[] = {"blocked",     "undecided", "ready",     "wanted", "running",
                                   "backing_off", "waiting",   "completed", "failed", "skipped"};
  return names[static_cast<std::size_t>(status)];
}

/// A path as references are written, with an index of a step taken out.
struct query_path {
  reference from;
  std::optional<std::uint32_t> index;
};

/// `steps.ID[3].field`: which of the instances.
std::optional<std::uint32_t> take_index(std::string& text) {
  const std::size_t open = text.find('[');
  const std::size_t close = text.find(']', open);
  if (open == std::string::npos || close == std::string::npos || close - open > 10 ||
      close - open < 2 || text.find('[', open + 1) != std::string::npos)
    return std::nullopt;
  std::uint64_t made = 0;
  for (std::size_t at = open + 1; at < close; ++at) {
    if (text[at] < '0' || text[at] > '9') return std::nullopt;
    made = made * 10 + static_cast<std::uint64_t>(text[at] - '0');
  }
  text.erase(open, close - open + 1);
  return static_cast<std::uint32_t>(made);
}

result<query_path> parse_path(std::string_view path) {
  query_path made;
  std::string text{path};
  if (text.find('[') != std::string::npos && !(made.index = take_index(text)))
    return bad_path(path, "an index is a number in brackets behind a step, e.g. steps.read[3]");
  if (text.find_first_of("${}") != std::string::npos)
    return bad_path(path, "write the path alone, without '${' and '}'");
  const auto parsed = parse_text("${" + text + "}");
  if (!parsed) return bad_path(path, parsed.error().front().message);
  const reference* whole = parsed->whole();
  if (!whole) return bad_path(path, "it is no path");
  made.from = *whole;
  if (made.from.root == reference_root::item || made.from.root == reference_root::index)
    return bad_path(path, "only within a run there is an item and an index; name a step, e.g. "
                          "steps.read[3]");
  if (made.index && made.from.root != reference_root::step)
    return bad_path(path, "only steps have an index");
  return made;
}

/// Reads what references lead to.
class value_query {
public:
  value_query(const machine& run, std::string_view path) : run_(run), path_(path) {}

  [[nodiscard]] result<query_answer> read(const query_path& wanted) {
    value_reference from;
    from.text = path_;
    switch (wanted.from.root) {
    case reference_root::input:
      return read_input(std::move(from), wanted);
    case reference_root::step:
      return read_step(std::move(from), wanted);
    default:
      from.from = value_reference::origin::run;
      return follow_and_take(std::move(from), type_of(*v1::RunSummary::descriptor()),
                             wanted.from.path);
    }
  }

private:
  [[nodiscard]] result<query_answer> read_input(value_reference from, const query_path& wanted) {
    const auto& inputs = run_.workflow()->inputs;
    std::vector<std::string> names;
    names.reserve(inputs.size());
    for (const input_declaration& each : inputs)
      names.push_back(each.name);
    const auto found = std::ranges::find(names, wanted.from.name);
    if (found == names.end())
      return bad_path(path_, fmt::format("unknown input '{}'{}", wanted.from.name,
                                         suggestion(wanted.from.name, names)));
    from.position = static_cast<std::size_t>(found - names.begin());
    const value_type type = type_of(run_.values().input(from.position));
    return follow_and_take(std::move(from), type, wanted.from.path);
  }

  [[nodiscard]] result<query_answer> read_step(value_reference from, const query_path& wanted) {
    const definition& workflow = *run_.workflow();
    const auto found = workflow.step_index.find(wanted.from.name);
    if (found == workflow.step_index.end()) {
      std::vector<std::string> names;
      for (const step& each : workflow.steps)
        names.push_back(each.id);
      return bad_path(path_, fmt::format("unknown step '{}'{}", wanted.from.name,
                                         suggestion(wanted.from.name, names)));
    }
    from.position = found->second;
    const step& source = workflow.steps[from.position];
    value_type type = type_of(*source.reply);
    if (source.each && !wanted.index) {
      from.from = value_reference::origin::all_replies;
      type = list_of(std::move(type));
    } else {
      from.from = value_reference::origin::reply_of_same_index;
      index_ = wanted.index.value_or(0);
      if (!source.each && index_ > 0)
        return bad_path(path_, fmt::format("step '{}' has one instance, 0", source.id));
    }
    // What is wrong with the path is wrong whether there is a value or not.
    auto followed = follow(type, wanted.from.path);
    if (!followed) return bad_path(path_, followed.error());
    if (from.from == value_reference::origin::reply_of_same_index)
      if (auto there = check_reply(source, from.position); !there)
        return tl::unexpected(std::move(there.error()));
    return follow_and_take(std::move(from), type, wanted.from.path);
  }

  [[nodiscard]] result<void> check_reply(const step& source, std::size_t at) const {
    const step_state& state = run_.state_of(at);
    const auto none = [&](const std::string& why) {
      return fail(workflow_errc::no_value,
                  fmt::format("run '{}': step '{}' {}", run_.run_id(), source.id, why));
    };
    if (!state.expanded) return none("is not reached yet: how often it is done is not known");
    if (index_ >= state.instances.size())
      return none(fmt::format("has {} instances, the first is 0", state.instances.size()));
    if (!state.instances[index_].reply)
      return none(fmt::format("[{}] has no reply: it is {}", index_,
                              name_of(state.instances[index_].status)));
    return {};
  }

  [[nodiscard]] result<query_answer> follow_and_take(value_reference from, const value_type& start,
                                                     const std::vector<std::string>& names) {
    auto followed = follow(start, names);
    if (!followed) return bad_path(path_, followed.error());
    from.path = std::move(followed->path);
    json made = followed->type.list ? json::array() : json{};
    const step nobody{};
    reference_reader{nobody, index_, run_.values()}.read(from, [&](const value& each) {
      json one = json_of(each, followed->type);
      if (followed->type.list)
        made.push_back(std::move(one));
      else
        made = std::move(one);
    });
    return query_answer{followed->type.to_string(),
                        made.dump(-1, ' ', false, json::error_handler_t::replace)};
  }

  const machine& run_;
  std::string_view path_;
  std::uint32_t index_ = 0;
};

/// How many instances of a step stand where.
json progress_of(const machine& run, std::size_t at) {
  const step_state& state = run.state_of(at);
  std::map<std::string, std::size_t> counts;
  for (const instance_state& each : state.instances)
    ++counts[name_of(each.status)];
  json made{{"instances", state.expanded ? json(state.instances.size()) : json(nullptr)},
            {"done", state.done}};
  for (const auto& [name, count] : counts)
    made[name] = count;
  return made;
}

/// `progress`, `heartbeats`: of all steps, or of one behind a dot.
/// @returns whether the path begins so.
bool takes_word(std::string_view path, std::string_view word, std::string_view& step) {
  if (!path.starts_with(word)) return false;
  const std::string_view rest = path.substr(word.size());
  if (!rest.empty() && rest.front() != '.') return false;
  step = rest.empty() ? rest : rest.substr(1);
  return true;
}

result<query_answer> progress(const machine& run, std::string_view path, std::string_view step) {
  json made = json::object();
  const auto& steps = run.workflow()->steps;
  for (std::size_t at = 0; at < steps.size(); ++at) {
    if (steps[at].id == step) return query_answer{"object", progress_of(run, at).dump()};
    made[steps[at].id] = progress_of(run, at);
  }
  if (!step.empty()) return bad_path(path, fmt::format("unknown step '{}'", step));
  return query_answer{"object", made.dump()};
}

json pulse_json(const attempt_pulse& from) {
  using google::protobuf::util::TimeUtil;
  json made{{"step", from.attempt.instance.step},
            {"index", from.attempt.instance.index},
            {"attempt", from.attempt.attempt},
            {"last", TimeUtil::ToString(encode(from.last))}};
  if (from.attempt.instance.compensation) made["compensation"] = true;
  if (!from.details) return made;
  google::protobuf::Any packed;
  packed.PackFrom(*from.details);
  made["details"] = json_of(packed);
  return made;
}

result<query_answer> heartbeats(const machine& run, std::string_view path, std::string_view step,
                                const std::vector<attempt_pulse>* pulses) {
  if (!step.empty() && !run.workflow()->step_index.contains(std::string{step}))
    return bad_path(path, fmt::format("unknown step '{}'", step));
  if (!pulses)
    return fail(workflow_errc::no_value,
                fmt::format("run '{}' is not at work in this process; ask the one that has it",
                            run.run_id()));
  json made = json::array();
  for (const attempt_pulse& each : *pulses)
    if (step.empty() || each.attempt.instance.step == step) made.push_back(pulse_json(each));
  return query_answer{"list of object", made.dump()};
}

} // namespace

result<query_answer> query(const machine& run, std::string_view path,
                           const std::vector<attempt_pulse>* pulses) {
  if (!run.workflow()) return fail(workflow_errc::no_value, "the run has not begun");
  if (path.size() > longest_path)
    return bad_path(path, fmt::format("a path has at most {} bytes", longest_path));
  std::string_view step;
  if (takes_word(path, "progress", step)) return progress(run, path, step);
  if (takes_word(path, "heartbeats", step)) return heartbeats(run, path, step, pulses);
  const auto parsed = parse_path(path == "status" ? "run.status" : path);
  if (!parsed) return tl::unexpected(parsed.error());
  return value_query{run, path}.read(*parsed);
}

} // namespace troupe::workflow
