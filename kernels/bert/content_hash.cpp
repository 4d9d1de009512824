#include "kernels/bert/content_hash.hpp"

#include <algorithm>

// The hash is short code that belongs inside its caller; nothing of it is linked.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace troupe::bert {

struct content_hash::state {
  XXH3_state_t inner;
};

content_hash::content_hash() : state_{std::make_unique<state>()} {
  XXH3_128bits_reset(&state_->inner);
}
content_hash::~content_hash() = default;

content_hash& content_hash::add(std::span<const std::byte> bytes) {
  XXH3_128bits_update(&state_->inner, bytes.data(), bytes.size());
  return *this;
}

content_hash::digest content_hash::result() const {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(&state_->inner));
  digest made;
  std::copy_n(canonical.digest, made.size(), made.begin());
  return made;
}

std::string content_hash::hex() const {
  std::string text;
  for (const unsigned byte : result())
    for (const unsigned half : {byte >> 4, byte & 15})
      text += "0123456789abcdef"[half];
  return text;
}

} // namespace troupe::bert
