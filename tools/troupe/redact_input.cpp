#include "tools/troupe/redact_input.hpp"

#include "actors/pii/defaults.hpp"
#include "actors/pii/line_parts.hpp"
#include "tools/troupe/cli_errc.hpp"
#include "tools/troupe/interrupt.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace troupe::cli {

redact_input::redact_input(std::vector<std::string> files, block_shape shape)
    : files_{std::move(files)}, shape_{shape} {}

result<std::optional<pii::text_block>> redact_input::next() {
  for (;;) {
    if (!files_.is_open()) {
      const auto opened = files_.open_next();
      if (!opened) return tl::unexpected(opened.error());
      if (!*opened) return std::nullopt;
      line_ = 1;
    }
    auto block = next_of_file();
    if (!block || *block || interrupt::requested()) return block;
    files_.close();
  }
}

std::size_t redact_input::most_bytes() const {
  return shape_ == block_shape::lines ? pii::defaults::line_bytes : text_source::max_text_bytes;
}

/// Where the next block ends, if it is decided yet.
std::optional<std::size_t> redact_input::end_of_block() const {
  const auto first = first_line_end_ ? first_line_end_ - 1 : pending_.size();
  if (first > most_bytes()) return most_bytes();
  if (shape_ == block_shape::files || last_line_end_ == 0) return std::nullopt;
  if (pending_.size() >= pii::defaults::block_bytes || !files_.in().ready()) return last_line_end_;
  return std::nullopt;
}

result<std::optional<pii::text_block>> redact_input::next_of_file() {
  const bool fresh = line_ == 1 && pending_.empty() && !files_.in().at_end();
  for (;;) {
    if (const auto end = end_of_block()) {
      if (*end != most_bytes() || *end == last_line_end_) return take(*end);
      if (shape_ != block_shape::lines) return too_large();
      auto block = take(pii::safe_cut(pending_, *end));
      block.continues = true;
      return block;
    }
    const auto before = pending_.size();
    const auto more = files_.in().read_some(pending_);
    if (!more) return files_.unreadable(more.error());
    if (interrupt::requested()) return std::nullopt;
    if (!*more) break;
    if (shape_ == block_shape::files) continue;
    if (const auto newline = pending_.find('\n', before); newline != pending_.npos) {
      if (first_line_end_ == 0) first_line_end_ = newline + 1;
      last_line_end_ = pending_.rfind('\n') + 1;
    }
  }
  if (pending_.empty() && !(shape_ == block_shape::files && fresh)) return std::nullopt;
  return take(pending_.size());
}

/// The first `size` bytes that wait.
pii::text_block redact_input::take(std::size_t size) {
  pii::text_block block{.bytes = {}, .input = files_.number(), .first_line = line_};
  auto rest = pending_.substr(size);
  pending_.resize(size);
  block.bytes = std::exchange(pending_, std::move(rest));
  line_ += static_cast<std::size_t>(std::ranges::count(block.bytes, '\n'));
  const auto newline = pending_.find('\n');
  first_line_end_ = newline == pending_.npos ? 0 : newline + 1;
  last_line_end_ = first_line_end_ ? pending_.rfind('\n') + 1 : 0;
  return block;
}

tl::unexpected<error> redact_input::too_large() const {
  const auto& file = files_.path();
  const bool line = shape_ == block_shape::whole_lines;
  return fail(cli_errc::input_too_large,
              fmt::format("{}: the text is longer than {} MiB; split it, or do without --json{}",
                          line ? fmt::format("{}:{}", file, line_) : file, most_bytes() >> 20,
                          line ? "" : " or use --by line"));
}

} // namespace troupe::cli
