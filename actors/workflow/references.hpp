#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <variant>
#include <vector>

namespace troupe::workflow {

/// Where a reference takes its value from.
enum class reference_root { input, step, item, index, run };

/// `${inputs.X}`, `${steps.ID.field...}`, `${item.field...}`, `${index}`, `${run.field...}`.
struct reference {
  reference_root root = reference_root::input;
  /// Input or step id; empty for the others.
  std::string name;
  /// Names of message fields, outermost first.
  std::vector<std::string> path;
  /// Byte offset of its `$` in the text it was parsed from.
  std::size_t offset = 0;

  /// As it is written, without `${` and `}`.
  [[nodiscard]] std::string to_string() const;
};

/// A text with references in it, cut into parts. Literal parts have `$${` replaced by `${`.
struct text_template {
  std::vector<std::variant<std::string, reference>> parts;

  /// The reference that is the whole text, which keeps its type; nullptr where there is more.
  [[nodiscard]] const reference* whole() const;
  [[nodiscard]] bool has_references() const;
  /// The text of a template without references.
  [[nodiscard]] std::string literal() const;
};

/// What is wrong with a reference and at which byte of the text.
struct reference_mistake {
  std::size_t offset = 0;
  std::string message;
};

/// Cuts `text` into literals and references.
/// @returns every malformed reference when there is one.
[[nodiscard]] tl::expected<text_template, std::vector<reference_mistake>>
parse_text(std::string_view text);

/// Whether `name` can be a step or input: a letter or '_', then letters, digits, '_', '-'; at most
/// 64 characters.
[[nodiscard]] bool is_identifier(std::string_view name);

} // namespace troupe::workflow
