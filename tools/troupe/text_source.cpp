#include "tools/troupe/text_source.hpp"

#include "kernels/text/utf8.hpp"
#include "tools/troupe/cli_errc.hpp"
#include "tools/troupe/interrupt.hpp"

#include <filesystem>
#include <fmt/format.h>
#include <utility>

namespace troupe::cli {

text_source::text_source(std::vector<std::string> files, text_unit unit)
    : files_{std::move(files)}, unit_{unit} {
  if (files_.empty()) files_.emplace_back("-");
}

result<std::optional<input_text>> text_source::next() {
  for (;;) {
    if (!in_) {
      auto opened = open_next_file();
      if (!opened) return tl::unexpected(opened.error());
      if (!*opened) return std::nullopt;
    }
    auto text = unit_ == text_unit::file ? whole_file() : next_line();
    if (!text || *text || interrupt::requested()) return text;
    in_.reset();
  }
}

result<bool> text_source::open_next_file() {
  if (next_file_ == files_.size()) return false;
  const auto& path = files_[next_file_++];
  line_ = 0;
  if (path == "-") {
    in_.emplace();
    return true;
  }
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    return fail(cli_errc::unreadable_input, path + " is a folder; name its files");
  auto opened = byte_reader::open(path);
  if (!opened) return unreadable(opened.error());
  in_ = std::move(*opened);
  return true;
}

tl::unexpected<error> text_source::unreadable(const error& why) const {
  return fail(cli_errc::unreadable_input,
              fmt::format("{}: {}", files_[next_file_ - 1], why.code.message()));
}

result<std::optional<input_text>> text_source::next_line() {
  auto bytes = in_->read_until('\n', max_text_bytes);
  if (!bytes) return unreadable(bytes.error());
  if (!*bytes) return std::nullopt;
  if (!(*bytes)->empty() && (*bytes)->back() == '\r') (*bytes)->pop_back();
  return make(std::move(**bytes), ++line_);
}

result<std::optional<input_text>> text_source::whole_file() {
  if (in_->at_end() || interrupt::requested()) return std::nullopt;
  auto bytes = in_->read_until(std::nullopt, max_text_bytes);
  if (!bytes) return unreadable(bytes.error());
  if (interrupt::requested()) return std::nullopt;
  return make(std::move(*bytes).value_or(""), 0);
}

result<std::optional<input_text>> text_source::make(std::string bytes, std::size_t line) const {
  const auto& file = files_[next_file_ - 1];
  if (bytes.size() > max_text_bytes)
    return fail(cli_errc::input_too_large,
                fmt::format("{}: the text is longer than {} MiB; split it{}",
                            line ? fmt::format("{}:{}", file, line) : file, max_text_bytes >> 20,
                            line ? "" : ", or use --by line"));
  auto repaired = text::repair_utf8(bytes);
  return input_text{std::move(repaired.text), file, line, repaired.replaced};
}

} // namespace troupe::cli
