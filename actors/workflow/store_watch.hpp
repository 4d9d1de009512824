#pragma once

#include "actors/workflow/errors.hpp"
#include "kernels/result.hpp"

#include <cstdint>
#include <functional>
#include <string_view>

namespace troupe::workflow {

/// Who waits for something that takes its time.
struct store_watch {
  /// Whether it is not wanted any more; asked often, so cheap.
  std::function<bool()> stopped = [] { return false; };
  /// Told how far it has come; `of` is 0 where that is not known.
  std::function<void(std::string_view what, std::uint64_t done, std::uint64_t of)> progress =
      [](std::string_view, std::uint64_t, std::uint64_t) {};

  /// @returns `interrupted` where it is to end.
  [[nodiscard]] result<void> step(std::string_view what, std::uint64_t done,
                                  std::uint64_t of) const {
    if (stopped())
      return fail(workflow_errc::interrupted, "nothing was changed by what was under way");
    progress(what, done, of);
    return {};
  }
};

} // namespace troupe::workflow
