#include "tools/troupe/text_source.hpp"

#include "kernels/text/utf8.hpp"
#include "tools/troupe/cli_errc.hpp"

#include <cerrno>
#include <filesystem>
#include <fmt/format.h>
#include <iostream>
#include <utility>

namespace troupe::cli {

namespace {

/// Reads up to `delimiter` (not kept) or the end; stops one byte past the bound.
/// @returns false at the end of input with nothing read.
bool read_until(std::istream& in, std::string& bytes, std::optional<char> delimiter) {
  bytes.clear();
  auto* buffer = in.rdbuf();
  constexpr auto end = std::char_traits<char>::eof();
  for (auto c = buffer->sbumpc(); c != end; c = buffer->sbumpc()) {
    if (delimiter && static_cast<char>(c) == *delimiter) return true;
    bytes.push_back(static_cast<char>(c));
    if (bytes.size() > text_source::max_text_bytes) return true;
  }
  in.setstate(std::ios::eofbit);
  return !bytes.empty();
}

} // namespace

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
    if (!text || *text) return text;
    in_ = nullptr;
  }
}

result<bool> text_source::open_next_file() {
  if (next_file_ == files_.size()) return false;
  const auto& path = files_[next_file_++];
  line_ = 0;
  if (path == "-") {
    in_ = &std::cin;
    return true;
  }
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    return fail(cli_errc::unreadable_input, path + " is a folder; name its files");
  file_ = std::ifstream{path, std::ios::binary};
  if (!file_)
    return fail(cli_errc::unreadable_input,
                fmt::format("{}: {}", path, std::generic_category().message(errno)));
  in_ = &file_;
  return true;
}

result<std::optional<input_text>> text_source::next_line() {
  std::string bytes;
  if (!read_until(*in_, bytes, '\n')) return std::nullopt;
  if (!bytes.empty() && bytes.back() == '\r') bytes.pop_back();
  return make(std::move(bytes), ++line_);
}

result<std::optional<input_text>> text_source::whole_file() {
  if (in_->eof()) return std::nullopt;
  std::string bytes;
  read_until(*in_, bytes, std::nullopt);
  return make(std::move(bytes), 0);
}

result<std::optional<input_text>> text_source::make(std::string bytes, std::size_t line) const {
  const auto& file = files_[next_file_ - 1];
  if (bytes.size() > max_text_bytes)
    return fail(cli_errc::input_too_large,
                fmt::format("{}:{}: the text is longer than {} MiB; split it, or use --by line",
                            file, line, max_text_bytes >> 20));
  auto repaired = text::repair_utf8(bytes);
  return input_text{std::move(repaired.text), file, line, repaired.replaced};
}

} // namespace troupe::cli
