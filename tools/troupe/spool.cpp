#include "tools/troupe/spool.hpp"

#include "tools/troupe/cli_errc.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace troupe::cli {

namespace {

constexpr std::size_t buffer_bytes = std::size_t{256} << 10;

std::string folder() {
  const char* named = std::getenv("TMPDIR");
  return named && *named ? named : "/tmp";
}

tl::unexpected<error> system_failure() {
  return fail(
      cli_errc::output_failed,
      fmt::format("a temporary file in {}: {}; make room there, or set TMPDIR to another folder",
                  folder(), std::strerror(errno)));
}

/// @returns a file whose name is gone already, or -1.
int open_nameless() {
  auto path = folder() + "/troupe-XXXXXX";
  const int file = ::mkostemp(path.data(), O_CLOEXEC);
  if (file >= 0) ::unlink(path.c_str());
  return file;
}

} // namespace

spool::~spool() {
  if (file_ >= 0) close(file_);
}

result<void> spool::add(std::string_view bytes) {
  buffer_ += bytes;
  return buffer_.size() < buffer_bytes ? result<void>{} : write_out();
}

result<void> spool::write_out() {
  if (file_ < 0 && (file_ = open_nameless()) < 0) return system_failure();
  for (std::string_view left{buffer_}; !left.empty();) {
    const auto count = ::write(file_, left.data(), left.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_failure();
    left.remove_prefix(static_cast<std::size_t>(count));
  }
  buffer_.clear();
  return {};
}

result<bool> spool::read(const std::function<bool(std::string_view)>& take) {
  if (file_ < 0) return take(buffer_);
  if (auto written = write_out(); !written) return tl::unexpected(written.error());
  if (::lseek(file_, 0, SEEK_SET) != 0) return system_failure();
  buffer_.resize(buffer_bytes);
  for (;;) {
    const auto count = ::read(file_, buffer_.data(), buffer_.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_failure();
    if (count == 0) return true;
    if (!take({buffer_.data(), static_cast<std::size_t>(count)})) return false;
  }
}

} // namespace troupe::cli
