#pragma once

#include <cstdint>
#include <string>

namespace troupe::test {

/// A safetensors file of this header and data, well-formed or not: the header's length is written as it is.
inline std::string safetensors_bytes(const std::string& header, const std::string& data) {
  std::string bytes(8, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<char>(static_cast<std::uint64_t>(header.size()) >> (8 * i));
  return bytes + header + data;
}

} // namespace troupe::test
