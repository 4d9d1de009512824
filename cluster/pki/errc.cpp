#include "cluster/pki/errc.hpp"

#include <string>

namespace troupe::cluster {
namespace {

class pki_errors final : public std::error_category {
public:
  [[nodiscard]] const char* name() const noexcept override { return "troupe.pki"; }

  [[nodiscard]] std::string message(int code) const override {
    switch (static_cast<pki_errc>(code)) {
    case pki_errc::none:
      return "no error";
    case pki_errc::bad_request:
      return "no such certificate can be";
    case pki_errc::exists:
      return "exists already";
    case pki_errc::not_found:
      return "not found";
    case pki_errc::file_failed:
      return "a file cannot be read or written";
    case pki_errc::damaged:
      return "damaged";
    case pki_errc::expired:
      return "expired";
    case pki_errc::crypto_failed:
      return "OpenSSL refuses";
    case pki_errc::untrusted:
      return "not trusted";
    case pki_errc::revoked:
      return "revoked";
    }
    return "unknown certificate error " + std::to_string(code);
  }
};

} // namespace

const std::error_category& pki_category() noexcept {
  static const pki_errors instance;
  return instance;
}

} // namespace troupe::cluster
