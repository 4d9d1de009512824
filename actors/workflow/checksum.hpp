#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::workflow {

/// The first 16 bytes of a SHA-256: enough that no accident goes unseen.
using checksum = std::array<unsigned char, 16>;

/// Sums parts one after another, each with its length, so that no two lists of parts have the same
/// input.
class checksummer {
public:
  checksummer();
  ~checksummer();
  checksummer(const checksummer&) = delete;
  checksummer& operator=(const checksummer&) = delete;

  checksummer& add(std::string_view part);
  checksummer& add(std::int64_t number);
  /// Ends the sum and begins the next one.
  [[nodiscard]] checksum finish();

private:
  void* context_;
  /// What has been added: the library is called once per sum, since its calls cost more than short parts do.
  std::string parts_;
};

[[nodiscard]] inline std::string_view view(const checksum& sum) {
  return {reinterpret_cast<const char*>(sum.data()), sum.size()};
}

} // namespace troupe::workflow
