#include "kernels/bert/mapped_file.hpp"

#include "kernels/bert/errors.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace troupe::bert {
namespace {

auto unreadable(const std::filesystem::path& path, int code) {
  return fail(bert_errc::unreadable_file,
              path.string() + ": " + std::generic_category().message(code));
}

/// Closes a descriptor at the end of its scope; the mapping does not need it any more.
struct descriptor {
  int number;
  ~descriptor() {
    if (number >= 0) ::close(number);
  }
};

} // namespace

result<mapped_file> mapped_file::open(const std::filesystem::path& path) {
  // O_NONBLOCK: opening a pipe must not hang; what is no regular file is refused below.
  const descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.number < 0) return unreadable(path, errno);
  struct stat status {};
  if (::fstat(file.number, &status) != 0) return unreadable(path, errno);
  if (!S_ISREG(status.st_mode))
    return fail(bert_errc::unreadable_file, path.string() + " is not a file");
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size == 0) return mapped_file{{}};
  void* at = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.number, 0);
  if (at == MAP_FAILED) return unreadable(path, errno);
  return mapped_file{{static_cast<const std::byte*>(at), size}};
}

mapped_file::mapped_file(mapped_file&& other) noexcept : bytes_{std::exchange(other.bytes_, {})} {}

mapped_file& mapped_file::operator=(mapped_file&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  return *this;
}

mapped_file::~mapped_file() {
  // The mapping was made from a writable pointer type by the system; it is const only to its
  // readers.
  if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

} // namespace troupe::bert
