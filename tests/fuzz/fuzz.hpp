#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

/// A fuzz target defines this one function: it reads the input as one parser of outside bytes does, and ends the program
/// where something is wrong. libFuzzer calls it in the asan preset; elsewhere replay_main.cpp, with the corpus.
/// @returns 0; -1 keeps an input out of the corpus.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace troupe::fuzz {

/// Ends the program, naming what does not hold, unless `holds`. Unlike assert() it is never compiled away.
inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "fuzz: does not hold: %s\n", what);
  std::abort();
}

inline std::string_view as_text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// The parts of `text` between lines of the form "%%": how one input holds several files.
inline std::vector<std::string_view> sections(std::string_view text) {
  constexpr std::string_view line = "\n%%\n";
  std::vector<std::string_view> parts;
  for (std::size_t at = 0;;) {
    const std::size_t end = text.find(line, at);
    parts.push_back(text.substr(at, end == text.npos ? end : end - at));
    if (end == text.npos) return parts;
    at = end + line.size();
  }
}

} // namespace troupe::fuzz
