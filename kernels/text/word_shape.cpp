#include "kernels/text/word_shape.hpp"

#include "kernels/text/unicode.hpp"
#include "kernels/text/utf8.hpp"

namespace troupe::text {

word_shape shape_of(std::string_view word) noexcept {
  const char_table& table = char_table::instance();
  std::size_t upper = 0;
  bool first_is_upper = false, any_lower = false;
  for (std::size_t at = 0; at < word.size();) {
    const decoded next = decode_utf8(word, at);
    const char_record& record = table[next.code_point];
    if (record.has(char_flag::upper)) {
      ++upper;
      first_is_upper |= at == 0;
    }
    any_lower |= record.has(char_flag::lower);
    at += next.size;
  }
  if (upper == 0) return word_shape::no_upper;
  if (upper == 1) return first_is_upper ? word_shape::initial : word_shape::mixed;
  return any_lower ? word_shape::mixed : word_shape::all_upper;
}

} // namespace troupe::text
