#pragma once

#include "kernels/result.hpp"

#include <filesystem>

namespace troupe::cli {

/// Where `ner-default` and `pii-rampart` lie: `TROUPE_MODELS`, else the installed share folder, else the checkout that
/// the program was built in. @returns `cli_errc::no_models` naming the places that were tried.
[[nodiscard]] result<std::filesystem::path> models_folder();

} // namespace troupe::cli
