#pragma once

#include "kernels/result.hpp"

#include <filesystem>
#include <map>
#include <string>

namespace troupe::cli {

/// Where `ner-default` and `pii-rampart` lie: `TROUPE_MODELS`, else the installed share folder, else the checkout that
/// the program was built in. @returns `cli_errc::no_models` naming the places that were tried.
[[nodiscard]] result<std::filesystem::path> models_folder();

/// `named` unless it is empty, which means `ner-default`. @returns errors of `models_folder`.
[[nodiscard]] result<std::filesystem::path> model_folder_or_default(const std::string& named);

/// The models of that folder under the names that the built-in agents know: "default" and "pii".
[[nodiscard]] std::map<std::string, std::filesystem::path>
built_in_models(const std::filesystem::path& folder);

} // namespace troupe::cli
