// Any bytes: repairing gives well-formed UTF-8 once and for all, decoding and encoding are inverse, offsets count.
#include "kernels/text/offsets.hpp"
#include "kernels/text/utf8.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace troupe;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz::as_text(data, size);
  const auto once = text::repair_utf8(bytes), twice = text::repair_utf8(once.text);
  fuzz::require(text::is_valid_utf8(once.text), "repaired text is well-formed");
  fuzz::require(twice.text == once.text && twice.replaced == 0, "repairing twice changes nothing");
  fuzz::require(text::is_valid_utf8(bytes) == (once.replaced == 0),
                "only malformed text is changed");

  text::offset_index index{once.text};
  std::string again;
  std::size_t codepoints = 0, utf16 = 0;
  for (std::size_t at = 0; at < once.text.size(); ++codepoints) {
    fuzz::require(index.codepoint(at) == codepoints && index.utf16(at) == utf16, "offsets count");
    const auto next = text::decode_utf8(once.text, at);
    fuzz::require(next.valid && next.size > 0, "repaired text decodes");
    char encoded[4];
    again.append(encoded, text::encode_utf8(next.code_point, encoded));
    utf16 += next.code_point > 0xFFFF ? 2 : 1;
    at += next.size;
  }
  fuzz::require(again == once.text, "encoding is the inverse of decoding");
  fuzz::require(index.codepoint(once.text.size() + 7) == codepoints, "beyond the text is its end");
  // Backwards too, since the index walks.
  fuzz::require(index.codepoint(0) == 0 && index.utf16(0) == 0, "the start is 0");
  return 0;
}
