#pragma once

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

// The header of glibc 2.36 does not say that its functions are C.
extern "C" {
#include <sys/pidfd.h>
}

namespace troupe::test {

/// Waits until the process has ended; whether somebody has taken notice of that does not matter.
/// @returns false where it is there still after `limit`.
inline bool ends(pid_t process, std::chrono::milliseconds limit) {
  const int handle = pidfd_open(process, 0);
  if (handle < 0) return errno == ESRCH;
  pollfd asked{handle, POLLIN, 0};
  const bool ended = poll(&asked, 1, static_cast<int>(limit.count())) == 1;
  close(handle);
  return ended;
}

/// A named pipe, by which a command tells that it is at work: `echo $$ > PATH`.
class beginning {
public:
  explicit beginning(std::filesystem::path path) : path_(std::move(path)) {
    if (mkfifo(path_.c_str(), 0600) == 0)
      pipe_ = open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (pipe_ < 0) throw std::runtime_error{"cannot make " + path_.string()};
  }
  ~beginning() { close(pipe_); }
  beginning(const beginning&) = delete;
  beginning& operator=(const beginning&) = delete;

  [[nodiscard]] std::string path() const { return path_.string(); }
  /// Waits for it. @returns the command's number.
  [[nodiscard]] pid_t await(std::chrono::milliseconds limit) const {
    pollfd asked{pipe_, POLLIN, 0};
    char text[32] = {};
    if (poll(&asked, 1, static_cast<int>(limit.count())) != 1 ||
        read(pipe_, text, sizeof text - 1) <= 0)
      throw std::runtime_error{"the command did not begin"};
    return static_cast<pid_t>(std::atoi(text));
  }

private:
  std::filesystem::path path_;
  int pipe_ = -1;
};

} // namespace troupe::test
