#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace troupe::workflow {

/// A SHA-256 over bytes that come bit by bit.
class sha256_sum {
public:
  sha256_sum();
  sha256_sum(sha256_sum&&) noexcept;
  sha256_sum& operator=(sha256_sum&&) noexcept;
  ~sha256_sum();

  void add(std::string_view bytes);
  /// Of all bytes so far, 32 of them; more may be added.
  [[nodiscard]] std::string value() const;

private:
  struct context;
  std::unique_ptr<context> held_;
};

/// 32 bytes.
[[nodiscard]] std::string sha256(std::string_view bytes);
/// For people: `9f86d081...`, all of it in hexadecimal.
[[nodiscard]] std::string to_hex(std::string_view bytes);

} // namespace troupe::workflow
