#include "kernels/text/utf8.hpp"

#include <cstring>

namespace troupe::text {
namespace {

/// How a sequence goes on after its first byte: its length and the bounds of the second byte, which exclude overlong
/// forms, surrogates and values above U+10FFFF. Length 0: no sequence starts so.
struct lead {
  std::uint8_t size, low, high;
};

constexpr lead lead_of(unsigned char first) {
  if (first < 0xC2) return {0, 0, 0};
  if (first < 0xE0) return {2, 0x80, 0xBF};
  if (first == 0xE0) return {3, 0xA0, 0xBF};
  if (first == 0xED) return {3, 0x80, 0x9F};
  if (first < 0xF0) return {3, 0x80, 0xBF};
  if (first == 0xF0) return {4, 0x90, 0xBF};
  if (first < 0xF4) return {4, 0x80, 0xBF};
  if (first == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

/// The end of the ASCII bytes from `at` on, or a little before it; eight at a time.
std::size_t skip_ascii(std::string_view text, std::size_t at) noexcept {
  for (std::uint64_t bytes = 0; at + sizeof bytes <= text.size(); at += sizeof bytes) {
    std::memcpy(&bytes, text.data() + at, sizeof bytes);
    if ((bytes & 0x8080808080808080U) != 0) break;
  }
  return at;
}

} // namespace

decoded decode_utf8(std::string_view text, std::size_t at) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(at);
  if (first < 0x80) return {first, 1, true};
  const lead form = lead_of(first);
  char32_t value = first & (0x7Fu >> form.size);
  std::uint8_t size = 1;
  for (; size < form.size && at + size < text.size(); ++size) {
    const unsigned char next = byte(at + size);
    const bool second = size == 1;
    if (next < (second ? form.low : 0x80) || next > (second ? form.high : 0xBF)) break;
    value = (value << 6) | (next & 0x3Fu);
  }
  if (size != form.size) return {replacement_character, size, false};
  return {value, size, true};
}

std::size_t encode_utf8(char32_t code_point, char* out) noexcept {
  const auto put = [&](std::size_t i, char32_t bits) { out[i] = static_cast<char>(bits); };
  if (code_point < 0x80) {
    put(0, code_point);
    return 1;
  }
  const std::size_t size = code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
  for (std::size_t i = size - 1; i > 0; --i, code_point >>= 6)
    put(i, 0x80 | (code_point & 0x3F));
  put(0, ((0xF00u >> size) & 0xFFu) | code_point);
  return size;
}

bool is_valid_utf8(std::string_view text) noexcept {
  for (std::size_t at = skip_ascii(text, 0); at < text.size();) {
    const decoded next = decode_utf8(text, at);
    if (!next.valid) return false;
    at += next.size;
    if (next.size == 1) at = skip_ascii(text, at);
  }
  return true;
}

repaired repair_utf8(std::string_view bytes) {
  repaired out;
  out.text.reserve(bytes.size());
  std::size_t copied = 0;
  for (std::size_t at = skip_ascii(bytes, 0); at < bytes.size();) {
    const decoded next = decode_utf8(bytes, at);
    if (!next.valid) {
      out.text.append(bytes, copied, at - copied);
      out.text += "\xEF\xBF\xBD";
      ++out.replaced;
      copied = at + next.size;
    }
    at += next.size;
    if (next.size == 1) at = skip_ascii(bytes, at);
  }
  out.text.append(bytes, copied);
  return out;
}

} // namespace troupe::text
