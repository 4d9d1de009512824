#include "actors/agents/process/guard_image.hpp"

#include "actors/agents/posix.hpp"

#include <cerrno>
#include <fcntl.h>
#include <string_view>
#include <sys/mman.h>
#include <system_error>

// The bytes of the program as it was linked.
asm(".section .rodata\n"
    ".balign 16\n"
    ".global troupe_guard_begin\n"
    "troupe_guard_begin:\n"
    ".incbin \"" TROUPE_GUARD_FILE "\"\n"
    ".global troupe_guard_end\n"
    "troupe_guard_end:\n"
    ".previous\n");
extern "C" const char troupe_guard_begin[], troupe_guard_end[];

namespace troupe::agents {
namespace {

failure cannot(const std::string& what, int error_number) {
  return {"process.cannot_start",
          "cannot " + what + " the guard of processes in memory: " +
              std::generic_category().message(error_number) +
              "; allow memfd_create and executing from it",
          false};
}

reply<file_descriptor> make_image() {
  // Newer kernels want to be told that it is to be executed; older ones do not know the word.
  constexpr unsigned executable = 0x10;
  int fd = ::memfd_create("troupe-guard", MFD_CLOEXEC | MFD_ALLOW_SEALING | executable);
  if (fd < 0 && errno == EINVAL)
    fd = ::memfd_create("troupe-guard", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return tl::unexpected(cannot("make", errno));
  file_descriptor made{fd};
  const std::string_view bytes{troupe_guard_begin,
                               static_cast<std::size_t>(troupe_guard_end - troupe_guard_begin)};
  if (const int error = write_all(fd, bytes); error != 0)
    return tl::unexpected(cannot("write", error));
  // What is executed is what was linked, whoever else gets hold of the file.
  if (::fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0)
    return tl::unexpected(cannot("seal", errno));
  // Out of the way of the files that a guard is given before it is executed.
  constexpr int first_free_fd = 16;
  file_descriptor moved{::fcntl(fd, F_DUPFD_CLOEXEC, first_free_fd)};
  if (!moved) return tl::unexpected(cannot("keep", errno));
  return moved;
}

} // namespace

reply<std::string> guard_program() {
  static const reply<file_descriptor> image = make_image();
  if (!image) return tl::unexpected(image.error());
  return "/proc/self/fd/" + std::to_string(image->get());
}

} // namespace troupe::agents
