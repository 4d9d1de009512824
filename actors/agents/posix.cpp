#include "actors/agents/posix.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace troupe::agents {
namespace {

struct system_reason {
  int error_number;
  const char* type;
  const char* remedy;
  bool retryable;
};

constexpr std::array reasons{
    system_reason{ENOENT, "files.not_found", "check the path", false},
    system_reason{ENOTDIR, "files.not_a_folder", "a part of the path is a file; check the path",
                  false},
    system_reason{EISDIR, "files.not_a_file", "name a file, not a folder", false},
    system_reason{EACCES, "files.permission_denied",
                  "give this user the right, or choose another path", false},
    system_reason{EPERM, "files.permission_denied",
                  "give this user the right, or choose another path", false},
    system_reason{EROFS, "files.permission_denied",
                  "the file system is read-only; choose another path", false},
    system_reason{ENAMETOOLONG, "files.bad_name", "use a shorter name", false},
    system_reason{EINVAL, "files.bad_name", "the file system does not take this name; use another",
                  false},
    system_reason{ELOOP, "files.outside_folder", "name the real path instead of a symbolic link",
                  false},
    system_reason{ENOSPC, "files.disk_full", "free some space", true},
    system_reason{EDQUOT, "files.disk_full", "free some of this user's quota", true},
    system_reason{EFBIG, "files.too_large", "the file system does not take files of this size",
                  false},
    system_reason{EMFILE, "files.io_error", "too many files are open; raise the limit (ulimit -n)",
                  true},
};

} // namespace

failure system_failure(int error_number, std::string_view action, std::string_view path) {
  const auto known = std::ranges::find(reasons, error_number, &system_reason::error_number);
  auto message = "cannot " + std::string{action} + " " + std::string{path} + ": " +
                 std::generic_category().message(error_number) + "; ";
  if (known != reasons.end()) return {known->type, message + known->remedy, known->retryable};
  return {"files.io_error", message + "check the disk, then try again", true};
}

int write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(fd, text.data(), text.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

int read_all(int fd, std::size_t max_bytes, std::string& out) {
  constexpr std::size_t chunk_bytes = 256U << 10U;
  out.clear();
  while (out.size() < max_bytes) {
    const auto before = out.size();
    const auto wanted = std::min(chunk_bytes, max_bytes - before);
    out.resize(before + wanted);
    const auto got = ::read(fd, out.data() + before, wanted);
    out.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0 && errno != EINTR) return errno;
    if (got == 0) break;
  }
  return 0;
}

} // namespace troupe::agents
