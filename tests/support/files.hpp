#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>

namespace troupe::test {

/// The folder of reference outputs: `TROUPE_GOLDEN`, else the small set that ships in tests/golden.
inline std::filesystem::path golden_folder() {
  if (const char* named = std::getenv("TROUPE_GOLDEN"); named && *named) return named;
  return std::filesystem::path{TROUPE_SOURCE_DIR} / "tests" / "golden";
}

inline std::filesystem::path source_folder() {
  return TROUPE_SOURCE_DIR;
}

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in{path, std::ios::binary};
  if (!in) throw std::runtime_error{"cannot read " + path.string()};
  return {std::istreambuf_iterator<char>{in}, {}};
}

inline void write_file(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream out{path, std::ios::binary | std::ios::trunc};
  if (!(out << text)) throw std::runtime_error{"cannot write " + path.string()};
}

/// A new empty folder, removed with everything in it at the end of its life.
class temporary_folder {
public:
  temporary_folder() {
    auto pattern = (std::filesystem::temp_directory_path() / "troupe-test-XXXXXX").string();
    if (!mkdtemp(pattern.data())) throw std::runtime_error{"cannot make a folder like " + pattern};
    path_ = pattern;
  }
  ~temporary_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
  std::filesystem::path path_;
};

} // namespace troupe::test
