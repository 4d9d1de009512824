#include "tools/troupe/models.hpp"

#include "tools/troupe/cli_errc.hpp"

#include <cstdlib>
#include <fmt/format.h>
#include <vector>

namespace troupe::cli {

namespace {

std::vector<std::filesystem::path> candidates() {
  if (const char* named = std::getenv("TROUPE_MODELS"); named && *named) return {named};
  std::error_code ignored;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
  return {(program / "../share/troupe/models").lexically_normal(),
          (program / "../../models").lexically_normal()};
}

} // namespace

result<std::filesystem::path> models_folder() {
  std::string tried;
  for (const auto& folder : candidates()) {
    std::error_code ignored;
    if (std::filesystem::is_regular_file(folder / "ner-default" / "config.json", ignored))
      return folder;
    tried += (tried.empty() ? "" : ", ") + folder.string();
  }
  return fail(
      cli_errc::no_models,
      fmt::format("ner-default is not below {}; set TROUPE_MODELS to the folder that holds it",
                  tried));
}

result<std::filesystem::path> model_folder_or_default(const std::string& named) {
  if (!named.empty()) return std::filesystem::path{named};
  auto models = models_folder();
  if (!models) return models;
  return *models / "ner-default";
}

std::map<std::string, std::filesystem::path> built_in_models(const std::filesystem::path& folder) {
  return {{"default", folder / "ner-default"}, {"pii", folder / "pii-rampart"}};
}

} // namespace troupe::cli
