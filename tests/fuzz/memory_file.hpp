#pragma once

#include <cstddef>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <unistd.h>

namespace troupe::fuzz {

/// A regular file that is only in memory, for parsers that take a path. Written anew for each input.
class memory_file {
public:
  memory_file() : descriptor_{::memfd_create("troupe-fuzz", MFD_CLOEXEC)} {
    if (descriptor_ < 0) throw std::runtime_error{"memfd_create failed"};
  }
  ~memory_file() { ::close(descriptor_); }
  memory_file(const memory_file&) = delete;
  memory_file& operator=(const memory_file&) = delete;

  /// Makes `bytes` the whole content. No reader may have it mapped.
  void write(std::string_view bytes) const {
    const bool written =
        ::ftruncate(descriptor_, 0) == 0 &&
        ::pwrite(descriptor_, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size());
    if (!written) throw std::runtime_error{"writing a file in memory failed"};
  }
  [[nodiscard]] std::filesystem::path path() const {
    return "/proc/self/fd/" + std::to_string(descriptor_);
  }

private:
  int descriptor_;
};

} // namespace troupe::fuzz
