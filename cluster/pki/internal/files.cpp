#include "cluster/pki/internal/files.hpp"

#include "cluster/pki/errc.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace troupe::cluster {
namespace {

tl::unexpected<error> cannot(const char* doing, const std::filesystem::path& file) {
  const int why = errno;
  return fail(why == ENOENT ? pki_errc::not_found : pki_errc::file_failed,
              std::string{"cannot "} + doing + " " + file.string() + ": " +
                  std::generic_category().message(why));
}

/// Closes a descriptor on every way out.
struct descriptor {
  int fd = -1;
  explicit descriptor(int of) : fd{of} {}
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

bool write_whole(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t wrote = ::write(fd, text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return ::fsync(fd) == 0;
}

} // namespace

result<std::string> read_file(const std::filesystem::path& file, std::size_t limit) {
  const descriptor in{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  struct stat found {};
  if (in.fd < 0 || ::fstat(in.fd, &found) != 0) return cannot("read", file);
  if (!S_ISREG(found.st_mode)) return fail(pki_errc::file_failed, file.string() + " is no file");
  std::string text;
  std::array<char, 4096> room{};
  while (text.size() <= limit) {
    const ssize_t got = ::read(in.fd, room.data(), room.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return cannot("read", file);
    if (got == 0) return text;
    text.append(room.data(), static_cast<std::size_t>(got));
  }
  return fail(pki_errc::damaged,
              file.string() + " has more than " + std::to_string(limit) + " bytes");
}

result<void> write_file(const std::filesystem::path& file, std::string_view text, mode_t mode) {
  // Beside it under a name of this process: a file that another one left there counts as nothing.
  auto beside = file;
  beside += "." + std::to_string(::getpid()) + ".part";
  ::unlink(beside.c_str());
  bool written = false;
  {
    const descriptor out{
        ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)};
    written = out.fd >= 0 && ::fchmod(out.fd, mode) == 0 && write_whole(out.fd, text) &&
              ::rename(beside.c_str(), file.c_str()) == 0;
  }
  if (!written) {
    const auto why = cannot("write", file);
    ::unlink(beside.c_str());
    return why;
  }
  // The name is on disk, too; a folder that cannot be synchronised is no reason to fail what is written.
  const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path{"."};
  const descriptor held{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (held.fd >= 0) ::fsync(held.fd);
  return {};
}

result<void> make_folder(const std::filesystem::path& folder) {
  std::error_code problem;
  std::filesystem::create_directories(folder, problem);
  if (problem)
    return fail(pki_errc::file_failed, "cannot make " + folder.string() + ": " + problem.message());
  return {};
}

result<folder_lock> folder_lock::take(const std::filesystem::path& folder) {
  const auto file = folder / ".lock";
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, private_mode);
  if (fd < 0) return cannot("open", file);
  folder_lock made{fd};
  while (::flock(fd, LOCK_EX) != 0)
    if (errno != EINTR) return cannot("lock", file);
  return made;
}

folder_lock::folder_lock(folder_lock&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}

folder_lock::~folder_lock() {
  if (fd_ >= 0) ::close(fd_);
}

} // namespace troupe::cluster
