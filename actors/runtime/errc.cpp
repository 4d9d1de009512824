#include "actors/runtime/errc.hpp"

#include <string>

namespace troupe {
namespace {

class category final : public std::error_category {
public:
  [[nodiscard]] const char* name() const noexcept override { return "troupe.runtime"; }

  [[nodiscard]] std::string message(int code) const override {
    switch (static_cast<runtime_errc>(code)) {
    case runtime_errc::none:
      return "no error";
    case runtime_errc::bad_agent_name:
      return "bad agent name";
    case runtime_errc::bad_agent_type:
      return "bad agent type";
    case runtime_errc::duplicate_agent_type:
      return "duplicate agent type";
    case runtime_errc::bad_option:
      return "bad option";
    case runtime_errc::cannot_start:
      return "cannot start";
    case runtime_errc::stopping:
      return "stopping";
    case runtime_errc::bad_envelope:
      return "bad envelope";
    case runtime_errc::unknown_payload_type:
      return "unknown payload type";
    case runtime_errc::bad_payload:
      return "bad payload";
    case runtime_errc::bad_supervisor:
      return "bad supervisor";
    }
    return "unknown runtime error " + std::to_string(code);
  }
};

} // namespace

const std::error_category& runtime_category() noexcept {
  static const category instance;
  return instance;
}

} // namespace troupe
