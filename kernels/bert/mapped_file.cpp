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

} // namespace

result<mapped_file> mapped_file::open(const std::filesystem::path& path) {
  // O_NONBLOCK: opening a pipe must not hang; what is no regular file is refused below.
  mapped_file file{path, ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.descriptor_ < 0) return unreadable(path, errno);
  struct stat status {};
  if (::fstat(file.descriptor_, &status) != 0) return unreadable(path, errno);
  if (!S_ISREG(status.st_mode))
    return fail(bert_errc::unreadable_file, path.string() + " is not a file");
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size == 0) return file;
  void* at = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.descriptor_, 0);
  if (at == MAP_FAILED) return unreadable(path, errno);
  file.bytes_ = {static_cast<const std::byte*>(at), size};
  return file;
}

result<void> mapped_file::read(std::size_t offset, std::span<std::byte> out) const {
  while (!out.empty()) {
    const auto got = ::pread(descriptor_, out.data(), out.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return unreadable(path_, errno);
    if (got == 0)
      return fail(bert_errc::unreadable_file,
                  path_.string() + " was shortened while it was read; replace the files of a "
                                   "model by renaming new ones over them");
    offset += static_cast<std::size_t>(got);
    out = out.subspan(static_cast<std::size_t>(got));
  }
  return {};
}

mapped_file::mapped_file(mapped_file&& other) noexcept
    : path_{std::move(other.path_)},
      descriptor_{std::exchange(other.descriptor_, -1)}, bytes_{std::exchange(other.bytes_, {})} {}

mapped_file& mapped_file::operator=(mapped_file&& other) noexcept {
  path_.swap(other.path_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

mapped_file::~mapped_file() {
  // The mapping was made from a writable pointer type by the system; it is const only to its
  // readers.
  if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
  if (descriptor_ >= 0) ::close(descriptor_);
}

} // namespace troupe::bert
