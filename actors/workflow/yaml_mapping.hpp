#pragma once

#include "actors/workflow/source_map.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace troupe::workflow {

/// Checks the shape of YAML nodes, records where they stand, and reports what is not as it should
/// be.
class yaml_shape {
public:
  using entry_visitor =
      std::function<void(const std::string& key, const std::string& path, const yaml_node& value)>;
  using element_visitor = std::function<void(const std::string& path, const yaml_node& value)>;

  yaml_shape(source_map& places, findings& found) : places_(places), found_(found) {}

  void report(const std::string& path, std::string message, bool at_key = false);
  void place(const std::string& path, const location& key, const yaml_node& value) {
    places_.add(path, key, value);
  }

  /// Visits the entries of a mapping; reports another kind of node, a key that is no text, a
  /// repeated and an unknown key.
  /// @param known the keys that may be; empty: any identifier.
  void each_entry(const yaml_node& node, const std::string& path,
                  const std::vector<std::string>& known, const entry_visitor& visit);
  void each_element(const yaml_node& node, const std::string& path, const element_visitor& visit);

  /// The text of a scalar; empty, and reported, where there is none.
  [[nodiscard]] std::string text(const yaml_node& node, const std::string& path);
  [[nodiscard]] std::optional<std::int32_t> whole_number(const yaml_node& node,
                                                         const std::string& path,
                                                         std::int32_t least, std::int32_t most);
  [[nodiscard]] std::optional<double> number(const yaml_node& node, const std::string& path);

private:
  [[nodiscard]] bool key_is_good(const yaml_node& key, const std::string& path,
                                 const std::vector<std::string>& known);

  source_map& places_;
  findings& found_;
};

} // namespace troupe::workflow
