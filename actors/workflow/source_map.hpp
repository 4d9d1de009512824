#pragma once

#include "actors/workflow/diagnostic.hpp"
#include "actors/workflow/yaml_tree.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::workflow {

/// A mistake by its place inside the definition; whoever knows the file turns it into a
/// `diagnostic`.
struct finding {
  /// E.g. `steps.read.input.path`, `steps.report.needs[1]`.
  std::string path;
  std::string message;
  /// It is about the key, not the value.
  bool at_key = false;
  /// Byte in the value's text; absent: it is about all of it.
  std::optional<std::size_t> offset{};
};
using findings = std::vector<finding>;

/// Where the parts of a definition stand in its file.
class source_map {
public:
  source_map(std::string file, std::string_view text);

  void add(const std::string& path, const location& key, const yaml_node& value);
  /// Place of a finding; where its path is unknown, that of the nearest part around it.
  [[nodiscard]] diagnostic locate(const finding& found) const;

private:
  struct entry {
    location key;
    location value;
    /// Of a scalar.
    std::string text;
  };

  [[nodiscard]] const entry* enclosing(std::string path) const;
  [[nodiscard]] location inside(const entry& place, std::size_t offset) const;

  std::string file_;
  std::string text_;
  /// Where each line begins in `text_`.
  std::vector<std::size_t> lines_;
  std::map<std::string, entry> entries_;
};

/// Diagnostics in order of position.
/// @param places nullptr: the definition came from no file; then in order of path.
[[nodiscard]] diagnostics to_diagnostics(const findings& found, const source_map* places);

} // namespace troupe::workflow
