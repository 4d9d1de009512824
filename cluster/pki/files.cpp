#include "cluster/pki/files.hpp"

#include "cluster/pki/errc.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace troupe::cluster {
namespace {

using agents::file_descriptor;

tl::unexpected<error> cannot(const char* doing, const std::filesystem::path& file, int why) {
  return fail(why == ENOENT ? pki_errc::not_found : pki_errc::file_failed,
              std::string{"cannot "} + doing + " " + file.string() + ": " +
                  std::generic_category().message(why));
}

/// Writes `beside`, on disk, and gives it the name of `file`. @returns 0 or an errno.
int put(const std::filesystem::path& beside, std::string_view text, mode_t mode,
        const std::filesystem::path& file) {
  const file_descriptor out{
      ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)};
  // With the mode as it is said, whatever the process masks.
  if (!out || ::fchmod(out.get(), mode) != 0) return errno;
  if (const int why = agents::write_all(out.get(), text); why != 0) return why;
  return ::fsync(out.get()) == 0 && ::rename(beside.c_str(), file.c_str()) == 0 ? 0 : errno;
}

} // namespace

result<std::string> read_file(const std::filesystem::path& file, std::size_t limit) {
  const file_descriptor in{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  struct stat found {};
  if (!in || ::fstat(in.get(), &found) != 0) return cannot("read", file, errno);
  if (!S_ISREG(found.st_mode)) return fail(pki_errc::file_failed, file.string() + " is no file");
  std::string text;
  if (const int why = agents::read_all(in.get(), limit + 1, text); why != 0)
    return cannot("read", file, why);
  if (text.size() <= limit) return text;
  return fail(pki_errc::damaged,
              file.string() + " has more than " + std::to_string(limit) + " bytes");
}

result<void> write_file(const std::filesystem::path& file, std::string_view text, mode_t mode) {
  // Beside it under a name of this process: a file that another one left there counts as nothing.
  auto beside = file;
  beside += "." + std::to_string(::getpid()) + ".part";
  ::unlink(beside.c_str());
  if (const int why = put(beside, text, mode, file); why != 0) {
    ::unlink(beside.c_str());
    return cannot("write", file, why);
  }
  // The name is on disk, too; a folder that cannot be synchronised is no reason to fail what is written.
  const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path{"."};
  const file_descriptor held{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (held) ::fsync(held.get());
  return {};
}

result<void> make_folder(const std::filesystem::path& folder) {
  std::error_code problem;
  std::filesystem::create_directories(folder, problem);
  if (problem)
    return fail(pki_errc::file_failed, "cannot make " + folder.string() + ": " + problem.message());
  return {};
}

result<folder_lock> folder_lock::open(const std::filesystem::path& folder) {
  const auto file = folder / ".lock";
  folder_lock made{file_descriptor{
      ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, private_mode)}};
  if (!made.held_) return cannot("open", file, errno);
  return made;
}

result<folder_lock> folder_lock::take(const std::filesystem::path& folder) {
  auto made = open(folder);
  while (made && ::flock(made->held_.get(), LOCK_EX) != 0)
    if (errno != EINTR) return cannot("lock", folder / ".lock", errno);
  return made;
}

result<std::optional<folder_lock>> folder_lock::try_take(const std::filesystem::path& folder) {
  auto made = open(folder);
  if (!made) return tl::unexpected(made.error());
  if (::flock(made->held_.get(), LOCK_EX | LOCK_NB) == 0) return std::optional{std::move(*made)};
  if (errno == EWOULDBLOCK || errno == EINTR) return std::optional<folder_lock>{};
  return cannot("lock", folder / ".lock", errno);
}

} // namespace troupe::cluster
