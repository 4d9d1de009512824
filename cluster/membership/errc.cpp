#include "cluster/membership/errc.hpp"

#include <string>

namespace troupe::cluster {
namespace {

class membership_errors final : public std::error_category {
public:
  [[nodiscard]] const char* name() const noexcept override { return "troupe.membership"; }

  [[nodiscard]] std::string message(int code) const override {
    switch (static_cast<membership_errc>(code)) {
    case membership_errc::none:
      return "no error";
    case membership_errc::bad_record:
      return "no node can be so";
    case membership_errc::incompatible:
      return "the release does not fit the cluster's";
    case membership_errc::not_trusted:
      return "not trusted";
    case membership_errc::fenced:
      return "fenced out";
    case membership_errc::unavailable:
      return "unavailable";
    case membership_errc::stopped:
      return "stopped";
    }
    return "unknown membership error " + std::to_string(code);
  }
};

std::string_view failure_type(const std::error_code& code) {
  if (code == membership_errc::incompatible) return incompatible_failure;
  if (code == membership_errc::fenced) return fenced_failure;
  if (code == membership_errc::not_trusted) return not_trusted_failure;
  if (code == membership_errc::bad_record) return bad_request_failure;
  return unavailable_failure;
}

} // namespace

const std::error_category& membership_category() noexcept {
  static const membership_errors instance;
  return instance;
}

failure to_failure(const error& from) {
  const auto type = failure_type(from.code);
  return {std::string{type}, from.message(), type == unavailable_failure};
}

} // namespace troupe::cluster
