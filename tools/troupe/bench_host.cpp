#include "tools/troupe/bench_host.hpp"

#include "kernels/cpu/probe.hpp"
#include "tools/troupe/commit.hpp"

#include <caf/config.hpp>
#include <fmt/format.h>
#include <fstream>
#include <sqlite3.h>

namespace troupe::cli {

namespace {

std::string model_name() {
  std::ifstream info{"/proc/cpuinfo"};
  for (std::string line; std::getline(info, line);)
    if (const auto colon = line.find(": "); line.starts_with("model name") && colon != line.npos)
      return line.substr(colon + 2);
  return "unknown processor";
}

std::string compiler() {
#if defined(__clang__)
  return "clang " __clang_version__;
#else
  return "gcc " __VERSION__;
#endif
}

} // namespace

std::string processor_name() {
  const auto found = cpu::probe();
  return fmt::format("{} ({} logical; products {}, vectors {})", model_name(), found.processors,
                     found.matmul_isa, found.vector_isa);
}

std::vector<std::pair<std::string, std::string>> bench_versions() {
  return {{"troupe", TROUPE_VERSION},
          {"caf", fmt::format("{}.{}.{}", CAF_MAJOR_VERSION, CAF_MINOR_VERSION, CAF_PATCH_VERSION)},
          {"onednn", cpu::probe().onednn_version},
          {"sqlite", sqlite3_libversion()},
          {"compiler", compiler()}};
}

std::string built_commit() {
  return TROUPE_COMMIT;
}

std::size_t peak_resident_bytes() {
  // Not getrusage: its maximum includes what the parent had when it started this program.
  std::ifstream status{"/proc/self/status"};
  for (std::string word; status >> word;)
    if (std::size_t kibibytes = 0; word == "VmHWM:" && status >> kibibytes) return kibibytes * 1024;
  return 0;
}

} // namespace troupe::cli
