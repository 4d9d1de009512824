#include "cluster/fabric/errc.hpp"

#include <string>

namespace troupe::cluster {
namespace {

class fabric_errors final : public std::error_category {
public:
  [[nodiscard]] const char* name() const noexcept override { return "troupe.fabric"; }

  [[nodiscard]] std::string message(int code) const override {
    switch (static_cast<fabric_errc>(code)) {
    case fabric_errc::none:
      return "no error";
    case fabric_errc::cannot_listen:
      return "cannot listen";
    case fabric_errc::unreachable:
      return "unreachable";
    case fabric_errc::not_trusted:
      return "not trusted";
    case fabric_errc::closed:
      return "closed";
    case fabric_errc::bad_peer:
      return "the peer breaks the protocol";
    case fabric_errc::incompatible:
      return "the peer's release does not fit";
    case fabric_errc::fenced:
      return "fenced out";
    case fabric_errc::bad_option:
      return "no such option can be";
    case fabric_errc::stopped:
      return "stopped";
    }
    return "unknown fabric error " + std::to_string(code);
  }
};

} // namespace

const std::error_category& fabric_category() noexcept {
  static const fabric_errors instance;
  return instance;
}

} // namespace troupe::cluster
