#include "actors/workflow/compiler.hpp"
#include "actors/workflow/definition.hpp"
#include "actors/workflow/definition_yaml.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <map>
#include <memory>

// Definitions from YAML: the document, the definitions within it, and the files that they name.
namespace troupe::workflow {
namespace {

/// A file with what was found in it.
struct document {
  document(std::string name, std::string_view text) : places(std::move(name), text) {}
  source_map places;
  findings found;
  written_definition written;
};

/// One definition of a document, and the definition around it.
struct unit {
  document* in = nullptr;
  const v1::WorkflowDefinition* source = nullptr;
  /// Of its parts: "" or "workflows.NAME.".
  std::string prefix;
  unit* around = nullptr;
  /// Path of the file from the folder of the outermost definition.
  std::string path;
  enum class progress { open, at_work, done } state = progress::open;
  definition_ptr made{};
};

/// Compiles each definition once, those that it needs before it.
class loader {
public:
  loader(const std::string& file_name, const agent_types& agents, const definition_files& files)
      : folder_(std::filesystem::path{file_name}.parent_path().string()), agents_(agents),
        files_(files) {}

  definition_result load(std::string_view yaml, const std::string& file_name) {
    unit* outermost = add_document(file_name, yaml, {});
    definition_ptr made = outermost ? compile(*outermost) : nullptr;
    diagnostics all = std::move(unreadable_);
    for (const auto& each : documents_)
      for (diagnostic& one : to_diagnostics(each->found, &each->places))
        all.push_back(std::move(one));
    if (made && all.empty()) return made;
    return tl::unexpected(std::move(all));
  }

private:
  /// @returns nullptr where it is no YAML, or no mapping: that is said.
  unit* add_document(const std::string& shown, std::string_view yaml, const std::string& path) {
    const auto tree = parse_yaml(yaml, shown);
    if (!tree) return unreadable_.push_back(tree.error()), nullptr;
    if (tree->what != yaml_node::kind::mapping) {
      unreadable_.push_back(
          {shown,
           tree->where,
           {},
           fmt::format("a definition is a mapping with name and steps, this is {}; begin it with "
                       "'name: NAME'",
                       to_string(tree->what))});
      return nullptr;
    }
    documents_.push_back(std::make_unique<document>(shown, yaml));
    document& made = *documents_.back();
    made.written = read_definition(*tree, made.places, made.found);
    return units_
        .emplace_back(
            std::make_unique<unit>(unit{&made, &made.written.definition, {}, nullptr, path}))
        .get();
  }

  static void report(unit& in, const std::string& path, std::string message) {
    in.in->found.push_back({in.prefix + path, std::move(message), false, {}});
  }

  definition_ptr compile(unit& of) {
    of.state = unit::progress::at_work;
    chain_.push_back(&of);
    v1::WorkflowDefinition source = *of.source;
    compiler::child_definitions children;
    for (int i = 0; i < source.steps_size(); ++i)
      if (!source.steps(i).workflow().empty()) add_child(of, *source.mutable_steps(i), children);
    // Mistakes are said of those that nobody names, too.
    for (const v1::WorkflowDefinition& each : of.source->workflows())
      if (unit& inner = inside(of, each); inner.state == unit::progress::open && fits_below())
        (void)compile(inner);
    source.clear_workflows();
    findings own;
    if (is_bounded(of, children)) of.made = compiler{source, &agents_, own, children}.compile();
    for (finding& each : own)
      each.path = of.prefix + each.path, of.in->found.push_back(std::move(each));
    chain_.pop_back();
    of.state = unit::progress::done;
    return of.made;
  }

  /// Finds and compiles what a step names, and puts the name of its definition into the step.
  void add_child(unit& user, v1::StepDefinition& step, compiler::child_definitions& children) {
    const std::string place = "steps." + step.id();
    const auto file = user.in->written.files.find(user.prefix + place);
    unit* named = file == user.in->written.files.end()
                      ? find(user, step.workflow())
                      : open_file(user, file->second, place + ".workflow");
    // The compiler says what is known where nothing of that name is there.
    if (!named) return add_known(user, file != user.in->written.files.end(), step, children);
    if (!may_be_in(*named, user, place)) return void(children.emplace(step.workflow(), nullptr));
    definition_ptr made = named->state == unit::progress::done ? named->made : compile(*named);
    if (!named->source->name().empty()) step.set_workflow(named->source->name());
    definition_ptr& there = children[step.workflow()];
    if (there && there != made)
      report(user, place + ".workflow",
             fmt::format("there are two workflows '{}'; rename one", step.workflow()));
    there = std::move(made);
  }

  void add_known(unit& user, bool is_file, const v1::StepDefinition& step,
                 compiler::child_definitions& children) {
    // Of a file that cannot be read there is nothing more to say.
    if (is_file) return void(children.emplace(step.workflow(), nullptr));
    for (unit* around = &user; around; around = around->around)
      for (const v1::WorkflowDefinition& each : around->source->workflows())
        children.emplace(each.name(), nullptr);
  }

  bool may_be_in(const unit& named, unit& user, const std::string& place) {
    if (named.state == unit::progress::at_work) return report_cycle(user, named, place), false;
    if (named.state == unit::progress::done || fits_below()) return true;
    report(user, place + ".workflow",
           fmt::format("definitions nest deeper than {} levels; put less into one another",
                       definition_limits::workflow_depth));
    return false;
  }

  void report_cycle(unit& user, const unit& named, const std::string& place) {
    std::vector<std::string> names;
    for (auto at = std::find(chain_.begin(), chain_.end(), &named); at != chain_.end(); ++at)
      names.push_back((*at)->source->name());
    names.push_back(named.source->name());
    report(user, place + ".workflow",
           fmt::format("workflows start each other in a circle: {}; remove one of these steps",
                       fmt::join(names, " -> ")));
  }

  /// A definition has all within it that it needs, each as often as it is named somewhere: both are bounded.
  bool is_bounded(unit& of, const compiler::child_definitions& children) {
    std::size_t count = 1;
    std::size_t size_bytes = of.source->ByteSizeLong();
    for (const auto& [name, child] : children) {
      if (!child) continue;
      count += count_in(child->source);
      size_bytes += child->source.ByteSizeLong();
    }
    if (count > definition_limits::workflows)
      report(of, "steps",
             fmt::format("{} definitions within one another, there may be {}; split them", count,
                         definition_limits::workflows));
    else if (size_bytes > definition_limits::total_bytes)
      report(of, "steps",
             fmt::format("with those that it names the definition has {} bytes, it may have {}; "
                         "split it",
                         size_bytes, definition_limits::total_bytes));
    else
      return true;
    return false;
  }

  static std::size_t count_in(const v1::WorkflowDefinition& source) {
    std::size_t made = 1;
    for (const v1::WorkflowDefinition& each : source.workflows())
      made += count_in(each);
    return made;
  }

  [[nodiscard]] bool fits_below() const {
    return chain_.size() < definition_limits::workflow_depth;
  }

  unit& inside(unit& around, const v1::WorkflowDefinition& source) {
    const auto known = std::find_if(units_.begin(), units_.end(),
                                    [&](const auto& each) { return each->source == &source; });
    if (known != units_.end()) return **known;
    return *units_.emplace_back(std::make_unique<unit>(
        unit{around.in, &source, around.prefix + "workflows." + source.name() + '.', &around,
             around.path}));
  }

  unit* find(unit& user, const std::string& name) {
    for (unit* around = &user; around; around = around->around)
      for (const v1::WorkflowDefinition& each : around->source->workflows())
        if (each.name() == name) return &inside(*around, each);
    return nullptr;
  }

  unit* open_file(unit& user, const std::string& named, const std::string& place) {
    const auto complain = [&](std::string why) -> unit* {
      report(user, place, std::move(why));
      return nullptr;
    };
    if (!files_)
      return complain("this definition was read from no folder, it can name no file; put the "
                      "workflow under 'workflows:'");
    const std::filesystem::path given{named};
    const std::string path =
        (std::filesystem::path{user.path}.parent_path() / given).lexically_normal().string();
    if (given.is_absolute() || path.starts_with("..") || named.find('\0') != std::string::npos)
      return complain(fmt::format("'{}' is not in the folder of the definition, nor below it; keep "
                                  "it there and write its path from this file",
                                  named.substr(0, 140)));
    if (const auto known = opened_.find(path); known != opened_.end()) return known->second;
    if (opened_.size() >= definition_limits::workflows)
      return complain(
          fmt::format("more than {} files; put some into others", definition_limits::workflows));
    auto text = files_(path);
    if (!text) return complain(fmt::format("'{}' cannot be read: {}", path, text.error()));
    unit* made = add_document((std::filesystem::path{folder_} / path).string(), *text, path);
    return opened_[path] = made;
  }

  std::string folder_;
  const agent_types& agents_;
  const definition_files& files_;
  std::vector<std::unique_ptr<document>> documents_;
  std::vector<std::unique_ptr<unit>> units_;
  std::vector<const unit*> chain_;
  std::map<std::string, unit*> opened_;
  diagnostics unreadable_;
};

} // namespace

definition_result load_definition(std::string_view yaml, const std::string& file_name,
                                  const agent_types& agents, const definition_files& files) {
  return loader{file_name, agents, files}.load(yaml, file_name);
}

} // namespace troupe::workflow
