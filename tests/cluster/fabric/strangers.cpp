#include "tests/cluster/fabric/strangers.hpp"

#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace troupe::test {
namespace {

void require(bool good, const char* what) {
  if (!good) throw std::runtime_error{what};
}

using context_ptr = std::unique_ptr<SSL_CTX, decltype([](SSL_CTX* of) { SSL_CTX_free(of); })>;
using session_ptr = std::unique_ptr<SSL, decltype([](SSL* of) { SSL_free(of); })>;

context_ptr context_of(const tls_words& words) {
  context_ptr made{SSL_CTX_new(TLS_client_method())};
  require(made != nullptr, "no TLS for the test");
  SSL_CTX_set_verify(made.get(), SSL_VERIFY_NONE, nullptr);
  if (words.certificate)
    require(SSL_CTX_use_certificate_file(made.get(), words.certificate->c_str(),
                                         SSL_FILETYPE_PEM) == 1 &&
                SSL_CTX_use_PrivateKey_file(made.get(), words.key->c_str(), SSL_FILETYPE_PEM) == 1,
            "no certificate for the test");
  if (words.is_old)
    require(SSL_CTX_set_min_proto_version(made.get(), TLS1_VERSION) == 1 &&
                SSL_CTX_set_max_proto_version(made.get(), TLS1_1_VERSION) == 1 &&
                SSL_CTX_set_cipher_list(made.get(), "DEFAULT:@SECLEVEL=0") == 1,
            "no old TLS for the test");
  static constexpr unsigned char h2[] = {2, 'h', '2'};
  if (words.asks_for_h2) SSL_CTX_set_alpn_protos(made.get(), h2, sizeof h2);
  return made;
}

} // namespace

tcp_stranger::tcp_stranger(const std::string& address) : fd_{::socket(AF_INET, SOCK_STREAM, 0)} {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port =
      htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  require(::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0,
          "cannot connect to the node under test");
}
tcp_stranger::tcp_stranger(tcp_stranger&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
tcp_stranger::~tcp_stranger() {
  if (fd_ >= 0) ::close(fd_);
}

void tcp_stranger::write(std::string_view bytes) const {
  // It may have ended already, which is what the caller looks for next.
  static_cast<void>(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0);
}

bool tcp_stranger::ends_within(std::chrono::milliseconds time) const {
  const auto deadline = std::chrono::steady_clock::now() + time;
  std::array<char, 4'096> bytes{};
  while (true) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd one{.fd = fd_, .events = POLLIN, .revents = 0};
    if (left.count() <= 0 || ::poll(&one, 1, static_cast<int>(left.count())) != 1) return false;
    if (::recv(fd_, bytes.data(), bytes.size(), 0) <= 0) return true;
  }
}

bool speak_tls(const std::string& address, const tls_words& words, std::chrono::milliseconds time) {
  const tcp_stranger connection{address};
  const auto context = context_of(words);
  const session_ptr session{SSL_new(context.get())};
  SSL_set_fd(session.get(), connection.fd());
  // The other side may refuse it here, or after it: TLS 1.3 lets a client begin before its certificate was looked at.
  if (SSL_connect(session.get()) == 1 && !words.says.empty())
    SSL_write(session.get(), words.says.data(), static_cast<int>(words.says.size()));
  return connection.ends_within(time);
}

} // namespace troupe::test
