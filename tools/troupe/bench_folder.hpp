#pragma once

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

namespace troupe::cli {

/// A folder for the stores of one round, gone with them afterwards.
class scratch_folder {
public:
  /// @param in where it is made; empty: the working folder.
  explicit scratch_folder(const std::filesystem::path& in) {
    std::string pattern =
        ((in.empty() ? std::filesystem::path{"."} : in) / "troupe-bench-XXXXXX").string();
    if (mkdtemp(pattern.data())) path_ = pattern;
  }
  ~scratch_folder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;
  /// Empty where it could not be made.
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
  std::filesystem::path path_;
};

/// `--folder` of the benches that make stores.
inline void add_folder_option(CLI::App& command, std::filesystem::path& folder) {
  command.add_option("--folder", folder, "Where the stores are made (default: here)")
      ->check(CLI::ExistingDirectory.description(""))
      ->type_name("DIR");
}

} // namespace troupe::cli
