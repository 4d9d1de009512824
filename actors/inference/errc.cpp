#include "actors/inference/errc.hpp"

#include <string>

namespace troupe::inference {
namespace {

class category final : public std::error_category {
public:
  [[nodiscard]] const char* name() const noexcept override { return "troupe.inference"; }

  [[nodiscard]] std::string message(int code) const override {
    switch (static_cast<inference_errc>(code)) {
    case inference_errc::none:
      return "no error";
    case inference_errc::unknown_model:
      return "unknown model";
    case inference_errc::stopping:
      return "stopping";
    }
    return "unknown inference error " + std::to_string(code);
  }
};

} // namespace

const std::error_category& inference_category() noexcept {
  static const category instance;
  return instance;
}

} // namespace troupe::inference
