// Stands in for libFuzzer where the compiler has none: runs the target once with each file of the given folders.
#include "tests/fuzz/fuzz.hpp"
#include "tests/support/files.hpp"

#include <algorithm>
#include <vector>

int main(int argc, char** argv) {
  std::vector<std::filesystem::path> files;
  for (int i = 1; i < argc; ++i)
    for (const auto& entry : std::filesystem::directory_iterator{argv[i]})
      if (entry.is_regular_file()) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const auto& file : files) {
    // Its own line: a crash must say which input it was.
    std::printf("replay: %s\n", file.c_str());
    std::fflush(stdout);
    const std::string bytes = troupe::test::read_file(file);
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  }
  std::printf("replay: %zu inputs\n", files.size());
  return files.empty() ? 1 : 0;
}
