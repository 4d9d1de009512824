#include "actors/workflow/yaml_tree.hpp"

#include <fmt/format.h>
#include <sstream>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

namespace troupe::workflow {
namespace {

/// Thrown out of the parser's callbacks, which have no other way to stop it; caught in
/// `parse_yaml`.
struct refusal {
  location where;
  std::string message;
};

location place(const YAML::Mark& mark) {
  if (mark.is_null()) return {};
  return {static_cast<std::uint32_t>(mark.line + 1), static_cast<std::uint32_t>(mark.column + 1)};
}

/// Builds the tree from the parser's events; refuses what would make it large or ambiguous.
class tree_builder final : public YAML::EventHandler {
public:
  explicit tree_builder(std::string_view kind) : kind_{kind} {}

  yaml_node root;

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { add(mark, yaml_node::kind::null); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw refusal{place(mark),
                  fmt::format("YAML aliases are not allowed in a {}; write the value out", kind_)};
  }
  void OnAnchor(const YAML::Mark& mark, const std::string&) override {
    throw refusal{place(mark),
                  fmt::format("YAML anchors are not allowed in a {}; remove the '&...'", kind_)};
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                const std::string& text) override {
    check_tag(mark, tag);
    yaml_node& made = add(mark, yaml_node::kind::scalar);
    made.text = text;
    made.quoted = tag == "!";
    if (!made.quoted && (text == "~" || text == "null" || text.empty()))
      made.what = yaml_node::kind::null;
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    check_tag(mark, tag);
    open_.push_back({add(mark, yaml_node::kind::sequence), {}, false});
    check_depth(mark);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    check_tag(mark, tag);
    open_.push_back({add(mark, yaml_node::kind::mapping), {}, false});
    check_depth(mark);
  }
  void OnMapEnd() override { close(); }

private:
  /// A collection that is being filled. It is moved to its place when it closes, so that addresses
  /// stay valid.
  struct frame {
    yaml_node node;
    yaml_node key;
    bool has_key = false;
  };

  void check_tag(const YAML::Mark& mark, const std::string& tag) const {
    if (tag.empty() || tag == "?" || tag == "!") return;
    throw refusal{place(mark),
                  fmt::format("YAML tag '{}' is not allowed in a {}; remove it", tag, kind_)};
  }

  void check_depth(const YAML::Mark& mark) const {
    if (open_.size() > definition_limits::depth)
      throw refusal{place(mark), fmt::format("nested deeper than {} levels; flatten the {}",
                                             definition_limits::depth, kind_)};
  }

  /// Makes a node; a scalar is put into its parent at once and stays reachable until the next
  /// event.
  yaml_node& add(const YAML::Mark& mark, yaml_node::kind what) {
    if (++count_ > definition_limits::nodes)
      throw refusal{place(mark), fmt::format("more than {} values; split the {}",
                                             definition_limits::nodes, kind_)};
    yaml_node made;
    made.what = what;
    made.where = place(mark);
    if (what == yaml_node::kind::scalar || what == yaml_node::kind::null)
      return put(std::move(made));
    scratch_ = std::move(made);
    return scratch_;
  }

  yaml_node& put(yaml_node node) {
    if (open_.empty()) return root = std::move(node);
    frame& parent = open_.back();
    if (parent.node.what == yaml_node::kind::sequence)
      return parent.node.elements.emplace_back(std::move(node));
    if (!parent.has_key) {
      parent.has_key = true;
      return parent.key = std::move(node);
    }
    parent.has_key = false;
    return parent.node.entries.emplace_back(yaml_entry{std::move(parent.key), std::move(node)})
        .value;
  }

  void close() {
    yaml_node done = std::move(open_.back().node);
    open_.pop_back();
    put(std::move(done));
  }

  std::string_view kind_;
  std::vector<frame> open_;
  yaml_node scratch_;
  std::size_t count_ = 0;
};

tl::unexpected<diagnostic> refuse(const std::string& file, location where, std::string message) {
  return tl::unexpected(diagnostic{file, where, {}, std::move(message)});
}

} // namespace

const char* to_string(yaml_node::kind what) {
  switch (what) {
  case yaml_node::kind::null:
    return "nothing";
  case yaml_node::kind::scalar:
    return "a scalar";
  case yaml_node::kind::sequence:
    return "a list";
  case yaml_node::kind::mapping:
    return "a mapping";
  }
  return "";
}

tl::expected<yaml_node, diagnostic> parse_yaml(std::string_view text, const std::string& file,
                                               std::string_view kind) {
  if (text.size() > definition_limits::size_bytes)
    return refuse(file, {1, 1},
                  fmt::format("the file has {} bytes, a {} may have {}; split it", text.size(),
                              kind, definition_limits::size_bytes));
  if (const auto nul = text.find('\0'); nul != std::string_view::npos)
    return refuse(
        file, {1, 1},
        fmt::format("the file holds a NUL byte at offset {}; it is no YAML text; write it anew",
                    nul));
  try {
    std::istringstream in{std::string{text}};
    YAML::Parser parser{in};
    tree_builder tree{kind};
    if (!parser.HandleNextDocument(tree))
      return refuse(file, {1, 1},
                    fmt::format("the file is empty; a {} needs {}", kind,
                                kind == "definition" ? "name and steps" : "its keys"));
    tree_builder further{kind};
    if (parser.HandleNextDocument(further))
      return refuse(file, further.root.where,
                    fmt::format("a second YAML document, but a file holds one {}; split it", kind));
    return std::move(tree.root);
  } catch (const refusal& stop) {
    return refuse(file, stop.where, stop.message);
  } catch (const YAML::Exception& broken) {
    return refuse(
        file, place(broken.mark),
        fmt::format("not valid YAML: {}; look at brackets, quotes and indentation here and before",
                    broken.msg));
  }
}

} // namespace troupe::workflow
