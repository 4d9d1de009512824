#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace troupe::bert {

/// A hash of bytes (XXH3, 128 bits): tells contents apart that nobody made to look alike, faster than memory can be read. One
/// thread at a time. Not for what an enemy may choose.
class content_hash {
public:
  using digest = std::array<std::uint8_t, 16>;

  /// Throws std::bad_alloc.
  content_hash();
  ~content_hash();
  content_hash(const content_hash&) = delete;
  content_hash& operator=(const content_hash&) = delete;

  /// Adds bytes behind those before.
  content_hash& add(std::span<const std::byte> bytes);
  content_hash& add(const std::string& text) { return add(std::as_bytes(std::span{text})); }

  [[nodiscard]] digest result() const;
  /// `result` in 32 hexadecimal digits.
  [[nodiscard]] std::string hex() const;

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace troupe::bert
