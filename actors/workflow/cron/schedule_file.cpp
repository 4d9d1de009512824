#include "actors/workflow/cron/schedule.hpp"
#include "actors/workflow/definition.hpp"
#include "actors/workflow/durations.hpp"
#include "actors/workflow/references.hpp"
#include "actors/workflow/source_map.hpp"
#include "actors/workflow/tenant_name.hpp"
#include "actors/workflow/yaml_mapping.hpp"
#include "actors/workflow/yaml_tree.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace troupe::workflow::cron {
namespace {

/// Walks a file of schedules once, from the top.
class schedule_reader {
public:
  schedule_reader(source_map& places, findings& found) : shape_(places, found) {}

  std::vector<schedule> read(const yaml_node& root) {
    std::vector<schedule> made;
    shape_.each_entry(root, "", {"schedules"},
                      [&](const std::string&, const std::string& path, const yaml_node& value) {
                        shape_.each_entry(value, path, {},
                                          [&](const std::string& name, const std::string& at,
                                              const yaml_node& each) {
                                            made.push_back(read_schedule(name, at, each));
                                          });
                      });
    if (made.empty()) shape_.report("", "there are no schedules; add 'schedules: { NAME: ... }'");
    if (made.size() > schedule_limits::schedules)
      shape_.report("schedules", fmt::format("{} schedules, a file may have {}; split it",
                                             made.size(), schedule_limits::schedules));
    return made;
  }

private:
  schedule read_schedule(const std::string& name, const std::string& path, const yaml_node& value) {
    schedule made;
    made.name = name;
    if (!is_identifier(name) || name.size() > schedule_limits::name_bytes)
      shape_.report(path,
                    fmt::format("bad name '{}'; use a letter or '_', then letters, digits, '_' and "
                                "'-', {} at most",
                                name.substr(0, 80), schedule_limits::name_bytes),
                    true);
    shape_.each_entry(value, path,
                      {"workflow", "input", "cron", "time_zone", "jitter", "catch_up",
                       "catch_up_window", "overlap", "priority", "deadline", "tenant"},
                      [&](const std::string& key, const std::string& at, const yaml_node& part) {
                        read_part(made, key, at, part);
                      });
    if (made.workflow.empty() && value.what == yaml_node::kind::mapping)
      shape_.report(path, "the schedule has no workflow; add 'workflow: FILE'", true);
    if (made.text.empty() && value.what == yaml_node::kind::mapping)
      shape_.report(path, "the schedule has no time; add 'cron: \"MINUTE HOUR DAY MONTH WEEKDAY\"'",
                    true);
    return made;
  }

  void read_part(schedule& made, const std::string& key, const std::string& path,
                 const yaml_node& value) {
    if (key == "workflow") made.workflow = shape_.text(value, path);
    if (key == "input") read_inputs(made, path, value);
    if (key == "cron") read_cron(made, path, value);
    if (key == "time_zone") read_zone(made, path, value);
    if (key == "jitter")
      made.jitter = std::chrono::floor<std::chrono::milliseconds>(
          length(value, path, schedule_limits::longest_jitter));
    if (key == "catch_up")
      made.catch_up = static_cast<catch_up_policy>(word(value, path, {"none", "latest", "all"}));
    if (key == "catch_up_window")
      made.catch_up_window = length(value, path, schedule_limits::longest_window);
    if (key == "overlap")
      made.overlap = static_cast<overlap_policy>(word(value, path, {"skip", "allow", "cancel"}));
    if (key == "priority")
      made.priority =
          shape_.whole_number(value, path, -highest_priority, highest_priority).value_or(0);
    if (key == "deadline") made.deadline = length(value, path, longest_duration);
    if (key == "tenant") read_tenant(made, path, value);
  }

  void read_inputs(schedule& made, const std::string& path, const yaml_node& value) {
    shape_.each_entry(value, path, {},
                      [&](const std::string& name, const std::string& at, const yaml_node& part) {
                        if (part.what == yaml_node::kind::scalar)
                          made.inputs.push_back(name + '=' + part.text);
                        else
                          (void)shape_.text(part, at);
                      });
  }

  void read_cron(schedule& made, const std::string& path, const yaml_node& value) {
    made.text = shape_.text(value, path);
    if (made.text.empty()) return void(made.text = " ");
    auto parsed = parse(made.text);
    if (!parsed) return shape_.report(path, parsed.error());
    made.when = *parsed;
  }

  void read_zone(schedule& made, const std::string& path, const yaml_node& value) {
    const std::string name = shape_.text(value, path);
    if (name.empty()) return;
    auto found = zone::find(name);
    if (!found) return shape_.report(path, found.error());
    made.in = *found;
  }

  void read_tenant(schedule& made, const std::string& path, const yaml_node& value) {
    made.tenant = shape_.text(value, path);
    if (!is_tenant_name(made.tenant))
      shape_.report(path, fmt::format("bad tenant '{}'; use up to {} of letters, digits, '.', '_' "
                                      "and '-'",
                                      made.tenant.substr(0, 80), most_tenant_bytes));
  }

  /// Position of the text among the words.
  std::size_t word(const yaml_node& value, const std::string& path,
                   const std::vector<std::string>& known) {
    const std::string text = shape_.text(value, path);
    const auto found = std::ranges::find(known, text);
    if (found != known.end()) return static_cast<std::size_t>(found - known.begin());
    if (!text.empty())
      shape_.report(path, fmt::format("unknown word '{}'; write {}, {} or {}", text.substr(0, 80),
                                      known[0], known[1], known[2]));
    return 0;
  }

  std::chrono::nanoseconds length(const yaml_node& value, const std::string& path,
                                  std::chrono::nanoseconds longest) {
    const std::string text = shape_.text(value, path);
    if (text.empty()) return {};
    const auto made = parse_duration(text);
    if (!made) return shape_.report(path, made.error()), std::chrono::nanoseconds{};
    if (*made > longest)
      shape_.report(path, fmt::format("{} is longer than {}; write a shorter time", text,
                                      format_duration(longest)));
    return *made;
  }

  yaml_shape shape_;
};

} // namespace

tl::expected<std::vector<schedule>, diagnostics> load_schedules(std::string_view yaml,
                                                                const std::string& file_name) {
  const auto root = parse_yaml(yaml, file_name);
  if (!root) return tl::unexpected(diagnostics{root.error()});
  source_map places{file_name, yaml};
  findings found;
  auto made = schedule_reader{places, found}.read(*root);
  if (!found.empty()) return tl::unexpected(to_diagnostics(found, &places));
  return made;
}

} // namespace troupe::workflow::cron
