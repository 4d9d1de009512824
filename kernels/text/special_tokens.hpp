#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::text {

/// Finds the literal texts of special tokens ("[MASK]"), exact in case, leftmost first and of those the longest.
/// Immutable; any thread.
class special_tokens {
public:
  struct match {
    std::size_t start = 0, end = 0;
    std::int32_t id = -1;
  };

  special_tokens() = default;

  /// Empty texts never match.
  explicit special_tokens(std::vector<std::pair<std::string, std::int32_t>> tokens);

  /// The first special token in `text` from byte `from` on.
  [[nodiscard]] std::optional<match> find(std::string_view text, std::size_t from) const noexcept;

  /// Whether one that starts before byte `at` goes on behind it, or would if `text` went on.
  [[nodiscard]] bool span(std::string_view text, std::size_t at) const noexcept;

private:
  std::vector<std::pair<std::string, std::int32_t>> longest_first_;
  /// The bytes with which a token begins, and for each byte whether it is one.
  std::string first_bytes_;
  std::array<bool, 256> begins_{};
};

} // namespace troupe::text
