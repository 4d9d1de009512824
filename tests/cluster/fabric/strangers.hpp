#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::test {

/// A TCP connection to 127.0.0.1 of somebody who is no node.
class tcp_stranger {
public:
  /// @param address of the loopback device, with a port.
  explicit tcp_stranger(const std::string& address);
  ~tcp_stranger();
  tcp_stranger(tcp_stranger&& other) noexcept;
  tcp_stranger(const tcp_stranger&) = delete;

  void write(std::string_view bytes) const;
  /// Reads to the end. @returns false where the other side has not ended it in time.
  [[nodiscard]] bool ends_within(std::chrono::milliseconds time) const;
  [[nodiscard]] int fd() const { return fd_; }

private:
  int fd_;
};

/// What a stranger says within TLS.
struct tls_words {
  /// NODE.pem and NODE.key there; nothing for no certificate.
  std::optional<std::filesystem::path> certificate, key;
  /// Without one, no protocol is asked for.
  bool asks_for_h2 = true;
  /// None later than TLS 1.1.
  bool is_old = false;
  /// After the handshake.
  std::string says;
};
/// @returns whether the other side has ended it in time.
[[nodiscard]] bool speak_tls(const std::string& address, const tls_words& words,
                             std::chrono::milliseconds time);

} // namespace troupe::test
