#include "kernels/text/vocabulary.hpp"

#include "kernels/text/defaults.hpp"
#include "kernels/text/errors.hpp"
#include "kernels/text/files.hpp"
#include "kernels/text/utf8.hpp"

namespace troupe::text {
namespace {

/// White space in the sense of Unicode, which the reference trims from the end of lines.
bool is_white_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

std::string_view trim_end(std::string_view line) {
  while (!line.empty()) {
    std::size_t last = line.size() - 1;
    while (last > 0 && is_continuation(line[last]))
      --last;
    if (!is_white_space(decode_utf8(line, last).code_point)) break;
    line = line.substr(0, last);
  }
  return line;
}

} // namespace

vocabulary::vocabulary(std::vector<std::string> pieces)
    : pieces_{std::move(pieces)}, trie_{pieces_} {}

result<vocabulary> vocabulary::load(const std::filesystem::path& file) {
  const auto bytes = read_bounded(file, defaults::max_vocabulary_bytes);
  if (!bytes) return tl::unexpected(bytes.error());
  std::vector<std::string> pieces;
  for (std::string_view rest{*bytes}; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    if (!is_valid_utf8(line)) {
      return fail(text_errc::bad_vocabulary,
                  file.string() + ":" + std::to_string(pieces.size() + 1) + " is not UTF-8");
    }
    pieces.emplace_back(trim_end(line));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  }
  if (pieces.empty()) return fail(text_errc::bad_vocabulary, file.string() + " has no pieces");
  return vocabulary{std::move(pieces)};
}

std::string_view vocabulary::piece(std::int32_t id) const noexcept {
  if (id < 0 || static_cast<std::size_t>(id) >= pieces_.size()) return {};
  return pieces_[static_cast<std::size_t>(id)];
}

} // namespace troupe::text
