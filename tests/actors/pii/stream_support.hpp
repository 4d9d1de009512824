#pragma once

#include "actors/pii/stream.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace troupe::pii::test {

/// Blocks from memory; what comes out in one string.
class memory_ends : public stream_ends {
public:
  explicit memory_ends(std::vector<text_block> blocks) : blocks_(std::move(blocks)) {}

  result<std::optional<text_block>> next() override {
    if (next_ == blocks_.size()) {
      if (failure) return tl::unexpected(*failure);
      return std::nullopt;
    }
    return blocks_[next_++];
  }
  bool put(done_block block) override {
    output += block.output;
    bytes += block.bytes;
    ++blocks_out;
    return blocks_out < closes_after;
  }
  bool stopped() const override { return stops; }

  std::string output;
  std::size_t bytes = 0;
  std::size_t blocks_out = 0;
  std::size_t closes_after = static_cast<std::size_t>(-1);
  std::optional<error> failure;
  bool stops = false;

private:
  std::vector<text_block> blocks_;
  std::size_t next_ = 0;
};

/// `text` in blocks of whole lines; `sizes` says how many lines each has, over and over.
inline std::vector<text_block> blocks_of(const std::string& text,
                                         const std::vector<std::size_t>& sizes) {
  std::vector<text_block> blocks;
  std::size_t line = 1;
  for (std::size_t at = 0; at < text.size();) {
    auto end = at;
    std::size_t lines = 0;
    const auto wanted =
        sizes.empty() ? 1 : std::max<std::size_t>(1, sizes[blocks.size() % sizes.size()]);
    for (; lines < wanted && end < text.size(); ++lines)
      end = std::min(text.find('\n', end), text.size() - 1) + 1;
    blocks.push_back({.bytes = text.substr(at, end - at), .input = 0, .first_line = line});
    line += lines;
    at = end;
  }
  return blocks;
}

inline stream_options text_options(std::size_t threads, bool keep_ends = true) {
  stream_options options;
  options.threads = threads;
  options.writer = [keep_ends](const text_block&) {
    return std::make_unique<redacted_text_writer>(false, "", keep_ends);
  };
  return options;
}

} // namespace troupe::pii::test
