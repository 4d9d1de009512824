#pragma once

#include "kernels/text/encoding.hpp"
#include "tests/support/files.hpp"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace troupe::test {

/// The sub-folders of the golden folder's tokenizer/ that hold a vocabulary, in order of name.
inline std::vector<std::filesystem::path> tokenizer_folders() {
  std::vector<std::filesystem::path> found;
  const auto parent = golden_folder() / "tokenizer";
  if (!std::filesystem::is_directory(parent)) return found;
  for (const auto& entry : std::filesystem::directory_iterator{parent}) {
    if (std::filesystem::exists(entry.path() / "vocab.txt")) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

/// Calls `use` with each line of a JSON-lines file, parsed, and its number from 1. Returns the number of lines.
template <class Use>
std::size_t for_each_line(const std::filesystem::path& file, Use use) {
  std::ifstream in{file};
  std::size_t number = 0;
  for (std::string line; std::getline(in, line);)
    use(nlohmann::json::parse(line), ++number);
  return number;
}

/// [[start, end], ...]
inline std::vector<text::byte_range> ranges_of(const nlohmann::json& pairs) {
  std::vector<text::byte_range> out;
  for (const auto& pair : pairs)
    out.push_back({pair.at(0).get<std::uint32_t>(), pair.at(1).get<std::uint32_t>()});
  return out;
}

/// Word ids, where null stands for -1.
inline std::vector<std::int32_t> word_ids_of(const nlohmann::json& list) {
  std::vector<std::int32_t> out;
  for (const auto& id : list)
    out.push_back(id.is_null() ? -1 : id.get<std::int32_t>());
  return out;
}

} // namespace troupe::test
