#pragma once

#include "actors/workflow/definition.hpp"
#include "actors/workflow/diagnostic.hpp"

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace troupe::workflow {

struct yaml_entry;

/// A node of a parsed YAML document with the place it stands at.
struct yaml_node {
  enum class kind { null, scalar, sequence, mapping };
  kind what = kind::null;
  location where;
  /// Text of a scalar.
  std::string text;
  /// A scalar in quotes or with a tag of its own is a text, whatever it looks like.
  bool quoted = false;
  /// Of a sequence.
  std::vector<yaml_node> elements;
  /// Of a mapping, in order; keys may repeat.
  std::vector<yaml_entry> entries;
};

struct yaml_entry {
  yaml_node key;
  yaml_node value;
};

[[nodiscard]] const char* to_string(yaml_node::kind what);

/// Parses one YAML document within `definition_limits`. Anchors, aliases, tags and further
/// documents are refused. Linear in the size of `text`.
/// @param kind what the file holds, for messages.
[[nodiscard]] tl::expected<yaml_node, diagnostic> parse_yaml(std::string_view text,
                                                             const std::string& file_name,
                                                             std::string_view kind = "definition");

} // namespace troupe::workflow
