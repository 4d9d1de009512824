#include "tools/troupe/bench_effect_file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace troupe::cli {

namespace {

error cannot(const char* what, const std::filesystem::path& path, int why) {
  return {std::error_code{why, std::generic_category()},
          std::string{"cannot "} + what + " " + path.string()};
}

} // namespace

result<effect_file> effect_file::open(const std::filesystem::path& path) {
  constexpr mode_t readable_by_all = 0644;
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, readable_by_all);
  if (file < 0) return tl::unexpected(cannot("open", path, errno));
  struct stat there {};
  if (fstat(file, &there) != 0) {
    const int why = errno;
    close(file);
    return tl::unexpected(cannot("look at", path, why));
  }
  return effect_file{path, file, there.st_size == 0};
}

effect_file::~effect_file() {
  if (file_ >= 0) close(file_);
}

result<void> effect_file::append(const std::string& line) {
  // One write of a line to the end of a local file is not torn by another.
  ssize_t written = 0;
  do
    written = write(file_, line.data(), line.size());
  while (written < 0 && errno == EINTR);
  if (written == static_cast<ssize_t>(line.size())) return {};
  return tl::unexpected(cannot("write to", path_, written < 0 ? errno : ENOSPC));
}

} // namespace troupe::cli
