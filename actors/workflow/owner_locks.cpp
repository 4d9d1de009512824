#include "actors/workflow/owner_locks.hpp"

#include "actors/workflow/errors.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <utility>

namespace troupe::workflow {
namespace {

struct flock byte_lock(std::int64_t slot) {
  struct flock made {};
  made.l_type = F_WRLCK;
  made.l_whence = SEEK_SET;
  made.l_start = slot;
  made.l_len = 1;
  return made;
}

} // namespace

result<owner_locks> owner_locks::open(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0)
    return fail(workflow_errc::store_unavailable,
                fmt::format("{}: {}; check that the folder may be written", file.string(),
                            std::strerror(errno)));
  return owner_locks{descriptor};
}

owner_locks::owner_locks(owner_locks&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

owner_locks::~owner_locks() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool owner_locks::try_lock(std::int64_t slot) {
  struct flock wanted = byte_lock(slot);
  return ::fcntl(descriptor_, F_OFD_SETLK, &wanted) == 0;
}

bool owner_locks::is_locked(std::int64_t slot) const {
  struct flock wanted = byte_lock(slot);
  return ::fcntl(descriptor_, F_OFD_GETLK, &wanted) != 0 || wanted.l_type != F_UNLCK;
}

bool owner_locks::is_any_locked() const {
  struct flock wanted = byte_lock(0);
  wanted.l_len = 0; // as far as there may be any
  return ::fcntl(descriptor_, F_OFD_GETLK, &wanted) != 0 || wanted.l_type != F_UNLCK;
}

} // namespace troupe::workflow
