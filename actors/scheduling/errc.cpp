#include "actors/scheduling/errc.hpp"

#include <string>

namespace troupe::scheduling {
namespace {

class category final : public std::error_category {
public:
  [[nodiscard]] const char* name() const noexcept override { return "troupe.scheduling"; }

  [[nodiscard]] std::string message(int code) const override {
    switch (static_cast<scheduling_errc>(code)) {
    case scheduling_errc::none:
      return "no error";
    case scheduling_errc::unreadable_file:
      return "cannot read the file";
    case scheduling_errc::too_large:
      return "too large";
    case scheduling_errc::bad_trace:
      return "bad trace";
    case scheduling_errc::bad_cluster:
      return "bad cluster";
    case scheduling_errc::bad_stream:
      return "bad stream";
    case scheduling_errc::bad_truth:
      return "bad truth";
    case scheduling_errc::no_place:
      return "no place for a task";
    case scheduling_errc::unknown_policy:
      return "unknown policy";
    case scheduling_errc::bad_costs:
      return "bad file of learnt run times";
    }
    return "unknown scheduling error " + std::to_string(code);
  }
};

} // namespace

const std::error_category& scheduling_category() noexcept {
  static const category instance;
  return instance;
}

} // namespace troupe::scheduling
