#pragma once

#include <string>
#include <system_error>

namespace troupe::cli {

/// What only the command line can get wrong.
enum class cli_errc {
  none = 0,
  /// A named input cannot be opened or is a folder.
  unreadable_input,
  /// One text exceeds the bound.
  input_too_large,
  /// The place of the models is not known.
  no_models,
  /// An option's value has the wrong form.
  bad_option,
  /// What was read is not what the command takes.
  bad_input,
  /// Standard output is gone (a closed pipe, a full disk).
  output_failed,
  /// What a benchmark measures did not work, so there is nothing to measure.
  bench_failed,
};

inline const std::error_category& cli_category() {
  struct category final : std::error_category {
    [[nodiscard]] const char* name() const noexcept override { return "cli"; }
    [[nodiscard]] std::string message(int code) const override {
      switch (static_cast<cli_errc>(code)) {
      case cli_errc::none:
        return "no error";
      case cli_errc::unreadable_input:
        return "cannot read the input";
      case cli_errc::input_too_large:
        return "input too large";
      case cli_errc::no_models:
        return "no models";
      case cli_errc::bad_option:
        return "bad option";
      case cli_errc::bad_input:
        return "bad input";
      case cli_errc::output_failed:
        return "cannot write the output";
      case cli_errc::bench_failed:
        return "cannot measure";
      }
      return "unknown error";
    }
  };
  static const category instance;
  return instance;
}

inline std::error_code make_error_code(cli_errc code) {
  return {static_cast<int>(code), cli_category()};
}

} // namespace troupe::cli

template <>
struct std::is_error_code_enum<troupe::cli::cli_errc> : std::true_type {};
