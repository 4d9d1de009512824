#pragma once

#include "actors/pii/stream.hpp"

#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::pii {

/// The lines of a block, repaired where they are no UTF-8. @param bytes must outlive it.
class block_lines {
public:
  block_lines(std::string_view bytes, std::size_t first_line);

  [[nodiscard]] std::size_t size() const { return texts_.size(); }
  [[nodiscard]] std::span<const std::string_view> texts() const { return texts_; }
  /// Line `index` of the block with its spans.
  [[nodiscard]] found_line line(std::size_t index, std::span<const pii_span> spans) const;

private:
  struct raw_line {
    std::string_view bytes, end;
    std::size_t replaced = 0;
  };
  void add(std::string_view bytes, std::string_view end);

  std::size_t first_line_;
  std::vector<raw_line> lines_;
  std::vector<std::string_view> texts_;
  std::deque<std::string> repaired_; // keeps its strings in place
};

/// Whether the last line of `bytes` that is not blank is a sign-off; `before` where all are blank.
[[nodiscard]] bool ends_with_sign_off(std::string_view bytes, bool before);

} // namespace troupe::pii
