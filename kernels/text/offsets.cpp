#include "kernels/text/offsets.hpp"

#include "kernels/text/utf8.hpp"

#include <algorithm>

namespace troupe::text {
namespace {

/// UTF-16 units of the code point that starts with this byte.
std::size_t units(char lead) {
  return static_cast<unsigned char>(lead) >= 0xF0 ? 2 : 1;
}

} // namespace

void offset_index::move_to(std::size_t byte) noexcept {
  byte = std::min(byte, text_.size());
  while (byte > 0 && byte < text_.size() && is_continuation(text_[byte]))
    --byte;
  while (byte_ < byte) {
    ++codepoint_;
    utf16_ += units(text_[byte_]);
    do
      ++byte_;
    while (byte_ < text_.size() && is_continuation(text_[byte_]));
  }
  while (byte_ > byte) {
    do
      --byte_;
    while (byte_ > 0 && is_continuation(text_[byte_]));
    --codepoint_;
    utf16_ -= units(text_[byte_]);
  }
}

std::size_t offset_index::codepoint(std::size_t byte) noexcept {
  move_to(byte);
  return codepoint_;
}

std::size_t offset_index::utf16(std::size_t byte) noexcept {
  move_to(byte);
  return utf16_;
}

std::size_t original_index::original(std::size_t repaired) noexcept {
  constexpr std::size_t replacement_size = 3;
  if (repaired < repaired_) original_ = repaired_ = 0;
  while (repaired_ < repaired && original_ < bytes_.size()) {
    const decoded next = decode_utf8(bytes_, original_);
    original_ += next.size;
    repaired_ += next.valid ? next.size : replacement_size;
  }
  return original_;
}

} // namespace troupe::text
