#include "cluster/launch/errc.hpp"

#include <string>

namespace troupe::cluster {
namespace {

class launch_errors final : public std::error_category {
public:
  [[nodiscard]] const char* name() const noexcept override { return "troupe.launch"; }

  [[nodiscard]] std::string message(int code) const override {
    switch (static_cast<launch_errc>(code)) {
    case launch_errc::none:
      return "no error";
    case launch_errc::bad_file:
      return "bad file";
    case launch_errc::not_found:
      return "not found";
    case launch_errc::conflict:
      return "does not fit what is at work";
    case launch_errc::provider_failed:
      return "cannot start or reach it";
    case launch_errc::ended_early:
      return "ended before it was ready";
    case launch_errc::timed_out:
      return "not in time";
    case launch_errc::unsupported:
      return "not with this provider";
    case launch_errc::interrupted:
      return "interrupted";
    }
    return "unknown launch error " + std::to_string(code);
  }
};

} // namespace

const std::error_category& launch_category() noexcept {
  static const launch_errors instance;
  return instance;
}

} // namespace troupe::cluster
