#include "tools/troupe/text_source.hpp"

#include "kernels/text/utf8.hpp"
#include "tools/troupe/cli_errc.hpp"
#include "tools/troupe/interrupt.hpp"

#include <fmt/format.h>
#include <utility>

namespace troupe::cli {

namespace {

constexpr std::size_t part_bytes = std::size_t{64} << 10;

} // namespace

text_source::text_source(std::vector<std::string> files, text_unit unit, long_text longer)
    : files_{std::move(files)}, unit_{unit}, longer_{longer} {}

result<std::optional<input_text>> text_source::next() {
  for (;;) {
    if (!files_.is_open()) {
      const auto opened = files_.open_next();
      if (!opened) return tl::unexpected(opened.error());
      if (!*opened) return std::nullopt;
      line_ = 0;
    }
    auto text = unit_ == text_unit::file ? whole_file() : next_line();
    if (!text || *text || interrupt::requested()) return text;
    files_.close();
  }
}

std::optional<char> text_source::delimiter() const {
  return unit_ == text_unit::line ? std::optional{'\n'} : std::nullopt;
}

std::size_t text_source::most_bytes() const {
  return longer_ == long_text::in_parts ? whole_text_bytes : max_text_bytes;
}

result<std::optional<input_text>> text_source::next_line() {
  auto bytes = files_.in().read_until(delimiter(), most_bytes());
  if (!bytes) return files_.unreadable(bytes.error());
  if (!*bytes) return std::nullopt;
  return make(std::move(**bytes), ++line_);
}

result<std::optional<input_text>> text_source::whole_file() {
  if (files_.in().at_end() || interrupt::requested()) return std::nullopt;
  auto bytes = files_.in().read_until(delimiter(), most_bytes());
  if (!bytes) return files_.unreadable(bytes.error());
  if (interrupt::requested()) return std::nullopt;
  return make(std::move(*bytes).value_or(""), 0);
}

result<std::optional<std::string>> text_source::rest() {
  if (!continues_) return std::nullopt;
  auto bytes = files_.in().read_until(delimiter(), part_bytes);
  if (!bytes) return files_.unreadable(bytes.error());
  continues_ = *bytes && (*bytes)->size() > part_bytes;
  return std::move(*bytes);
}

result<std::optional<input_text>> text_source::make(std::string bytes, std::size_t line) {
  const auto& file = files_.path();
  continues_ = bytes.size() > most_bytes();
  if (continues_ && longer_ == long_text::in_parts)
    return input_text{{}, std::move(bytes), file, line, 0, true};
  if (continues_)
    return fail(cli_errc::input_too_large,
                fmt::format("{}: the text is longer than {} MiB; split it{}",
                            line ? fmt::format("{}:{}", file, line) : file, max_text_bytes >> 20,
                            line ? "" : ", or use --by line"));
  if (line && !bytes.empty() && bytes.back() == '\r') bytes.pop_back();
  auto repaired = text::repair_utf8(bytes);
  if (repaired.replaced == 0) bytes = {};
  return input_text{
      std::move(repaired.text), std::move(bytes), file, line, repaired.replaced, false};
}

} // namespace troupe::cli
