#pragma once

#include "actors/workflow/yaml_tree.hpp"
#include "kernels/result.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::cluster {

using workflow::yaml_node;

/// Reads the values of a YAML document and collects what is wrong with it, each mistake with file, line, column and remedy.
/// A reader gives an empty value for what it reports.
class yaml_fields {
public:
  using taker = std::function<void(const yaml_node& value, const std::string& path)>;
  /// A key of a mapping, and what takes its value.
  struct field {
    std::string key;
    taker take;
    bool required = false;
  };

  explicit yaml_fields(std::string file) : file_{std::move(file)} {}

  void report(const yaml_node& at, std::string message);
  /// Reports `problem` at a value, `'PATH': ...`, where there is one. @returns whether there is none.
  template <class Value, class Problem>
  bool accept(const yaml_node& at, const std::string& path,
              const tl::expected<Value, Problem>& checked) {
    if (!checked) report(at, "'" + path + "': " + text_of(checked.error()));
    return checked.has_value();
  }

  /// Hands each value to its taker; an unknown, a repeated and a missing key are reported.
  void mapping(const yaml_node& node, const std::string& path, const std::vector<field>& fields);
  /// A mapping whose keys the author chooses.
  void entries(const yaml_node& node, const std::string& path,
               const std::function<void(const yaml_node& key, const yaml_node& value,
                                        const std::string& path)>& take);
  void elements(const yaml_node& node, const std::string& path, const taker& take);

  [[nodiscard]] std::string text(const yaml_node& node, const std::string& path);
  [[nodiscard]] std::vector<std::string> texts(const yaml_node& node, const std::string& path);
  [[nodiscard]] bool flag(const yaml_node& node, const std::string& path);
  [[nodiscard]] double number(const yaml_node& node, const std::string& path, double least,
                              double most);
  [[nodiscard]] int whole(const yaml_node& node, const std::string& path, int least, int most);
  [[nodiscard]] std::chrono::milliseconds duration(const yaml_node& node, const std::string& path);
  /// One of these words, else the first of them.
  [[nodiscard]] std::string word(const yaml_node& node, const std::string& path,
                                 const std::vector<std::string>& words);
  /// A path, taken from `base` where it is relative.
  [[nodiscard]] std::filesystem::path file(const yaml_node& node, const std::string& path,
                                           const std::filesystem::path& base);

  /// @returns `launch_errc::bad_file` with all that was reported, one mistake per line.
  [[nodiscard]] result<void> outcome() const;

private:
  static std::string text_of(const std::string& problem) { return problem; }
  static std::string text_of(const error& problem) { return problem.context; }
  bool is(const yaml_node& node, yaml_node::kind what, const std::string& path,
          std::string_view example);

  std::string file_;
  workflow::diagnostics found_;
};

/// The document in a text; `launch_errc::bad_file` where it is no YAML.
[[nodiscard]] result<yaml_node> parse_document(std::string_view text, const std::string& file,
                                               std::string_view kind);

/// As YAML reads it back: one text in quotes.
[[nodiscard]] std::string yaml_text(std::string_view text);

} // namespace troupe::cluster
