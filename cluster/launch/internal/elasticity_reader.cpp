#include "cluster/launch/internal/elasticity_reader.hpp"

#include "cluster/launch/defaults.hpp"

#include <algorithm>

namespace troupe::cluster {
namespace {

constexpr double most_hours = 24.0 * launch_defaults::most_nodes;

class elasticity_reader {
public:
  elasticity_reader(yaml_fields& in, const std::vector<std::string>& groups)
      : in_{in}, names_{groups} {}

  elasticity_spec read(const yaml_node& node, const std::string& path) {
    elasticity_spec made;
    in_.mapping(
        node, path,
        {{"dry_run", [&](auto& value, auto& at) { made.dry_run = in_.flag(value, at); }},
         {"cool_down", [&](auto& value, auto& at) { made.cool_down = in_.duration(value, at); }},
         {"budget", [&](auto& value, auto& at) { read_budget(made, value, at); }},
         {"groups", [&](auto& value, auto& at) { read_bounds(made, value, at); }, true},
         {"rules",
          [&](auto& value, auto& at) {
            in_.elements(value, at, [&](auto& one, auto& where) {
              made.rules.push_back(read_rule(made, one, where));
            });
          },
          true}});
    return made;
  }

private:
  void read_budget(elasticity_spec& into, const yaml_node& node, const std::string& path) {
    in_.mapping(node, path,
                {{"nodes",
                  [&](auto& value, auto& at) {
                    into.most_nodes = in_.whole(value, at, 1, launch_defaults::most_nodes);
                  }},
                 {"node_hours_per_day", [&](auto& value, auto& at) {
                    into.node_hours_per_day = in_.number(value, at, 0, most_hours);
                  }}});
  }

  void read_bounds(elasticity_spec& into, const yaml_node& node, const std::string& path) {
    in_.entries(
        node, path, [&](const yaml_node& key, const yaml_node& value, const std::string& at) {
          scale_bounds made{key.text, 0, 0};
          check_group(key, made.group);
          const auto count = [&](int& place) {
            return [this, &place](const yaml_node& one, const std::string& where) {
              place = in_.whole(one, where, 0, launch_defaults::most_nodes);
            };
          };
          in_.mapping(value, at, {{"min", count(made.min), true}, {"max", count(made.max), true}});
          if (made.min > made.max)
            in_.report(value, "'" + at + "' has a min above its max; swap them");
          into.groups.push_back(std::move(made));
        });
  }

  scale_rule read_rule(const elasticity_spec& spec, const yaml_node& node,
                       const std::string& path) {
    scale_rule made;
    const yaml_node *grow = nullptr, *shrink = nullptr;
    in_.mapping(
        node, path,
        {{"group",
          [&](auto& value, auto& at) {
            made.group = in_.text(value, at);
            check_group(value, made.group);
            check_bounds(spec, value, made.group);
          },
          true},
         {"measure",
          [&](auto& value, auto& at) {
            made.measure = measure_of(in_.word(value, at, {"queue_age", "slack", "utilisation"}));
          },
          true},
         {"grow_at", [&](auto& value, auto&) { grow = &value; }, true},
         {"shrink_at", [&](auto& value, auto&) { shrink = &value; }, true},
         {"hold", [&](auto& value, auto& at) { made.hold = in_.duration(value, at); }}});
    if (!grow || !shrink) return made;
    made.grow_at = threshold(made.measure, *grow, path + ".grow_at");
    made.shrink_at = threshold(made.measure, *shrink, path + ".shrink_at");
    check_order(made, *shrink, path);
    return made;
  }

  static scale_measure measure_of(const std::string& word) {
    if (word == "slack") return scale_measure::slack;
    return word == "utilisation" ? scale_measure::utilisation : scale_measure::queue_age;
  }

  double threshold(scale_measure measure, const yaml_node& node, const std::string& path) {
    if (measure == scale_measure::utilisation) return in_.number(node, path, 0, 1);
    return std::chrono::duration<double>(in_.duration(node, path)).count();
  }

  void check_order(const scale_rule& rule, const yaml_node& at, const std::string& path) {
    const bool less = rule.measure == scale_measure::slack;
    const bool apart = less ? rule.grow_at < rule.shrink_at : rule.shrink_at < rule.grow_at;
    if (!apart)
      in_.report(at, "'" + path + ".shrink_at' must be " + (less ? "above" : "below") +
                         " grow_at, or nodes would come and go for ever; leave a gap between them");
  }

  void check_group(const yaml_node& at, const std::string& name) {
    if (name.empty() || std::find(names_.begin(), names_.end(), name) != names_.end()) return;
    in_.report(at, "there is no group '" + name + "'" + workflow::suggestion(name, names_));
  }

  void check_bounds(const elasticity_spec& spec, const yaml_node& at, const std::string& name) {
    const auto& all = spec.groups;
    if (name.empty() ||
        std::any_of(all.begin(), all.end(), [&](const auto& one) { return one.group == name; }))
      return;
    in_.report(at, "the group '" + name +
                       "' has no bounds; add it to elasticity.groups, which stands before rules");
  }

  yaml_fields& in_;
  const std::vector<std::string>& names_;
};

} // namespace

elasticity_spec read_elasticity(yaml_fields& in, const yaml_node& node, const std::string& path,
                                const std::vector<std::string>& groups) {
  return elasticity_reader{in, groups}.read(node, path);
}

} // namespace troupe::cluster
