#include "kernels/text/encoding.hpp"

namespace troupe::text {
namespace {

template <class Value>
void append_slice(std::vector<Value>& to, const std::vector<Value>& from, std::size_t first,
                  std::size_t last) {
  to.insert(to.end(), from.begin() + static_cast<std::ptrdiff_t>(first),
            from.begin() + static_cast<std::ptrdiff_t>(last));
}

} // namespace

void encoding::append(const encoding& other, std::size_t first, std::size_t last) {
  append_slice(token_ids, other.token_ids, first, last);
  append_slice(token_type_ids, other.token_type_ids, first, last);
  append_slice(offsets, other.offsets, first, last);
  append_slice(special_mask, other.special_mask, first, last);
  append_slice(word_ids, other.word_ids, first, last);
}

} // namespace troupe::text
