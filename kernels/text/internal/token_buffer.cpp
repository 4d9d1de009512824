#include "kernels/text/internal/token_buffer.hpp"

namespace troupe::text::internal {

void token_buffer::drain() {
  const auto append = [this](auto& to, const auto& from) {
    to.insert(to.end(), from.begin(), from.begin() + static_cast<std::ptrdiff_t>(size));
  };
  append(out_.token_ids, token_ids);
  append(out_.token_type_ids, token_type_ids);
  const std::size_t before = out_.offsets.size();
  out_.offsets.resize(before + size);
  for (std::size_t i = 0; i < size; ++i)
    out_.offsets[before + i] = {bounds[2 * i], bounds[2 * i + 1]};
  append(out_.word_ids, word_ids);
  out_.special_mask.resize(out_.token_ids.size()); // 0: they are of the text
  size = 0;
}

} // namespace troupe::text::internal
