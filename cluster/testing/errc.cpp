#include "cluster/testing/errc.hpp"

#include <string>

namespace troupe::cluster::testing {
namespace {

class testing_errors final : public std::error_category {
public:
  [[nodiscard]] const char* name() const noexcept override { return "troupe.cluster.testing"; }

  [[nodiscard]] std::string message(int code) const override {
    switch (static_cast<testing_errc>(code)) {
    case testing_errc::none:
      return "no error";
    case testing_errc::bad_plan:
      return "no plan of faults";
    }
    return "unknown error of the test kit " + std::to_string(code);
  }
};

} // namespace

const std::error_category& testing_category() noexcept {
  static const testing_errors instance;
  return instance;
}

} // namespace troupe::cluster::testing
