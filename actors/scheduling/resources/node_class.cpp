#include "actors/scheduling/resources/node_class.hpp"

#include "actors/scheduling/resources/machine.hpp"
#include "kernels/text/utf8.hpp"

#include <cstdio>
#include <fmt/format.h>
#include <memory>
#include <sys/utsname.h>

namespace troupe::scheduling {
namespace {

constexpr std::size_t most_model_bytes = 120;

/// The beginning of a file: the first processor is enough.
std::string beginning_of(const char* path) {
  const auto close = [](std::FILE* open) { (void)std::fclose(open); };
  const std::unique_ptr<std::FILE, decltype(close)> file{std::fopen(path, "rbe"), close};
  std::string read(8'192, '\0');
  read.resize(file ? std::fread(read.data(), 1, read.size(), file.get()) : 0);
  return read;
}

std::string architecture() {
  utsname of{};
  return ::uname(&of) == 0 ? of.machine : "unknown";
}

} // namespace

std::string processor_model(std::string_view cpuinfo) {
  constexpr std::string_view key = "model name";
  for (std::size_t at = 0; at < cpuinfo.size();) {
    const auto end = std::min(cpuinfo.find('\n', at), cpuinfo.size());
    const auto line = cpuinfo.substr(at, end - at);
    at = end + 1;
    const auto colon = line.find(':');
    if (!line.starts_with(key) || colon == std::string_view::npos) continue;
    std::string made;
    for (const char c : line.substr(colon + 1)) {
      const bool blank = c == ' ' || c == '\t';
      if (!blank && made.size() < most_model_bytes) made += c;
      if (blank && !made.empty() && made.back() != ' ') made += ' ';
    }
    if (made.ends_with(' ')) made.pop_back();
    return text::repair_utf8(made).text;
  }
  return {};
}

std::string node_class() {
  std::string made = processor_model(beginning_of("/proc/cpuinfo"));
  if (made.empty()) made = architecture();
  const std::size_t gpus = read_machine().gpus.size();
  return gpus == 0 ? made : fmt::format("{}, {} gpu", made, gpus);
}

} // namespace troupe::scheduling
