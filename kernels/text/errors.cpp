#include "kernels/text/errors.hpp"

#include <string>

namespace troupe::text {
namespace {

class category final : public std::error_category {
public:
  const char* name() const noexcept override { return "text"; }

  std::string message(int code) const override {
    switch (static_cast<text_errc>(code)) {
    case text_errc::none:
      return "no error";
    case text_errc::unreadable_file:
      return "unreadable file";
    case text_errc::bad_vocabulary:
      return "bad vocabulary";
    case text_errc::bad_config:
      return "bad tokenizer configuration";
    case text_errc::missing_special_token:
      return "special token not in the vocabulary";
    case text_errc::unsupported:
      return "unsupported tokenizer";
    case text_errc::bad_window:
      return "bad window";
    case text_errc::too_long:
      return "text too long";
    }
    return "unknown text error";
  }
};

} // namespace

const std::error_category& text_category() noexcept {
  static const category instance;
  return instance;
}

std::error_code make_error_code(text_errc code) noexcept {
  return {static_cast<int>(code), text_category()};
}

} // namespace troupe::text
