#include "kernels/text/internal/token_buffer.hpp"

namespace troupe::text::internal {

void token_buffer::drain() {
  const auto append = [this](auto& to, const auto& from) {
    to.insert(to.end(), from.begin(), from.begin() + static_cast<std::ptrdiff_t>(size));
  };
  append(out_.token_ids, token_ids);
  append(out_.token_type_ids, token_type_ids);
  append(out_.offsets, offsets);
  append(out_.word_ids, word_ids);
  out_.special_mask.resize(out_.token_ids.size()); // 0: they are of the text
  size = 0;
}

} // namespace troupe::text::internal
