#include "actors/agents/files.hpp"

#include "actors/agents/defaults.hpp"
#include "actors/agents/posix.hpp"
#include "kernels/text/utf8.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <fcntl.h>
#include <fnmatch.h>
#include <optional>
#include <sys/stat.h>

namespace troupe::agents {
namespace {

namespace fs = std::filesystem;

tl::unexpected<failure> refuse(std::string type, std::string message) {
  return tl::unexpected(failure{std::move(type), std::move(message), false});
}

tl::unexpected<failure> refuse(int error_number, std::string_view action, const fs::path& path) {
  return tl::unexpected(system_failure(error_number, action, path.native()));
}

bool has_nul(std::string_view text) {
  return text.find('\0') != std::string_view::npos;
}

// --- files.list -----------------------------------------------------------------------------------------------------

std::vector<std::string> patterns_of(const list_options& options) {
  return options.patterns.empty() ? std::vector<std::string>{"*.txt", "*.md"} : options.patterns;
}

bool matches(const std::string& file_name, const std::vector<std::string>& patterns) {
  return std::ranges::any_of(patterns, [&](const std::string& pattern) {
    return ::fnmatch(pattern.c_str(), file_name.c_str(), FNM_PERIOD) == 0;
  });
}

reply<listed_file> describe(const fs::directory_entry& entry, const fs::path& folder) {
  listed_file file{entry.path().string(), entry.path().lexically_relative(folder).generic_string(),
                   0};
  if (!text::is_valid_utf8(file.path))
    return refuse("files.bad_name", "the name of " + text::repair_utf8(file.path).text +
                                        " is not valid UTF-8; rename the file");
  std::error_code code;
  file.size_bytes = entry.file_size(code);
  if (code) return refuse(code.value(), "look at", entry.path());
  return file;
}

/// Adds the matching files of `folder` and leaves the folders below it in `below`.
std::optional<failure> list_one(const fs::path& root, const fs::path& folder,
                                const std::vector<std::string>& patterns,
                                std::vector<listed_file>& found, std::vector<fs::path>& below) {
  std::error_code code;
  fs::directory_iterator entries{folder, code};
  for (; !code && entries != fs::directory_iterator{}; entries.increment(code)) {
    const auto status = entries->symlink_status(code);
    if (code == std::errc::no_such_file_or_directory) { // gone since it was listed
      code.clear();
      continue;
    }
    if (code) break;
    if (fs::is_directory(status)) below.push_back(entries->path());
    if (!fs::is_regular_file(status) || !matches(entries->path().filename().string(), patterns))
      continue;
    auto file = describe(*entries, root);
    if (!file) return file.error();
    found.push_back(std::move(*file));
    if (found.size() > defaults::max_listed_files)
      return failure{"files.too_many",
                     root.string() + " holds more than " +
                         std::to_string(defaults::max_listed_files) +
                         " matching files; list parts of it or narrow the patterns",
                     false};
  }
  if (code) return system_failure(code.value(), "list", folder.native());
  return std::nullopt;
}

// --- files.write ----------------------------------------------------------------------------------------------------

/// A file being written: its open folder and its last name.
struct target {
  file_descriptor folder;
  std::string name;
  fs::path path;
};

std::optional<failure> check_name(std::string_view name) {
  const auto bad = [&](std::string type, const std::string& why) {
    return failure{std::move(type), "file name '" + text::repair_utf8(name).text + "' " + why,
                   false};
  };
  if (name.empty() || has_nul(name) || !text::is_valid_utf8(name))
    return bad("files.bad_name", "is empty, has a NUL byte or is not UTF-8; give another");
  const fs::path path{name};
  const auto leaves = std::ranges::find(path, fs::path{".."}) != path.end();
  if (path.is_absolute() || leaves)
    return bad("files.outside_folder", "leaves the folder; give a relative name without '..'");
  if (!path.has_filename() || path.filename() == ".")
    return bad("files.bad_name", "names a folder; add the name of the file");
  return std::nullopt;
}

/// Opens folder/`part`, which must be no symbolic link; makes it where it is missing.
reply<file_descriptor> enter(const file_descriptor& folder, const fs::path& part,
                             const fs::path& path) {
  constexpr auto flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  file_descriptor inner{::openat(folder.get(), part.c_str(), flags)};
  if (!inner && errno == ENOENT) {
    if (::mkdirat(folder.get(), part.c_str(), 0777) != 0 && errno != EEXIST)
      return refuse(errno, "make the folder", path);
    if (::fsync(folder.get()) != 0) return refuse(errno, "store the folder", path);
    inner = file_descriptor{::openat(folder.get(), part.c_str(), flags)};
  }
  if (inner) return inner;
  const int why = errno;
  struct stat found {};
  if (::fstatat(folder.get(), part.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0 &&
      S_ISLNK(found.st_mode))
    return refuse(ELOOP, "write through", path);
  return refuse(why, "enter", path);
}

reply<target> open_target(const fs::path& folder, std::string_view name) {
  if (folder.empty() || has_nul(folder.native()))
    return refuse("files.bad_request",
                  "no folder is named to write '" + std::string{name} + "' into; set 'folder'");
  if (auto bad = check_name(name)) return tl::unexpected(std::move(*bad));
  std::error_code code;
  fs::create_directories(folder, code);
  if (code) return refuse(code.value(), "make the folder", folder);
  file_descriptor inner{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!inner) return refuse(errno, "enter", folder);
  const fs::path relative{name};
  auto path = folder;
  for (const auto& part : relative.parent_path()) {
    path /= part;
    if (part == "." || part.empty()) continue;
    auto next = enter(inner, part, path);
    if (!next) return tl::unexpected(std::move(next.error()));
    inner = std::move(*next);
  }
  return target{std::move(inner), relative.filename(), path / relative.filename()};
}

/// Whether the file holds `text` already, safely on disk.
bool holds(const target& file, std::string_view text) {
  file_descriptor old{::openat(file.folder.get(), file.name.c_str(),
                               O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
  struct stat found {};
  if (!old || ::fstat(old.get(), &found) != 0 || !S_ISREG(found.st_mode) ||
      static_cast<std::uint64_t>(found.st_size) != text.size())
    return false;
  std::string content;
  // An earlier attempt may have crashed between rename and fsync, so the sync is repeated.
  return read_all(old.get(), text.size() + 1, content) == 0 && content == text &&
         ::fsync(old.get()) == 0 && ::fsync(file.folder.get()) == 0;
}

/// The same for every attempt to write one file, so that a retry after a crash clears what the crash left.
std::string temporary_name(const std::string& name) {
  std::uint64_t hash = 0xcbf29ce484222325; // FNV-1a
  for (const unsigned char byte : name)
    hash = (hash ^ byte) * 0x100000001b3;
  char text[sizeof ".troupe-0123456789abcdef.tmp"];
  std::snprintf(text, sizeof text, ".troupe-%016llx.tmp", static_cast<unsigned long long>(hash));
  return text;
}

/// Gives the nameless file `fd` the name `name` in `folder`, in place of what an earlier attempt left there.
/// @returns 0 or an errno.
int name_file(int fd, int folder, const std::string& name) {
  const auto link = "/proc/self/fd/" + std::to_string(fd);
  constexpr int attempts = 8; // Another attempt at the same file may be at work beside this one.
  for (int i = 0; i < attempts; ++i) {
    if (::linkat(AT_FDCWD, link.c_str(), folder, name.c_str(), AT_SYMLINK_FOLLOW) == 0) return 0;
    if (errno != EEXIST) return errno;
    ::unlinkat(folder, name.c_str(), 0);
  }
  return EEXIST;
}

/// A new file without a name, or one of the name `temporary` on file systems that know no such thing.
file_descriptor open_new(int folder, const std::string& temporary, bool& nameless) {
  file_descriptor out{::openat(folder, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, 0666)};
  nameless = static_cast<bool>(out);
  if (nameless || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return out;
  ::unlinkat(folder, temporary.c_str(), 0);
  constexpr auto flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  return file_descriptor{::openat(folder, temporary.c_str(), flags, 0666)};
}

/// Until its last two system calls the new file has no name, so a crash leaves nothing behind.
/// @returns 0 or an errno.
int write_once(const target& file, const std::string& temporary, std::string_view text) {
  const auto folder = file.folder.get();
  bool nameless = false;
  const auto out = open_new(folder, temporary, nameless);
  if (!out) return errno;
  int error = write_all(out.get(), text);
  if (error == 0 && ::fsync(out.get()) != 0) error = errno;
  if (error == 0 && nameless) error = name_file(out.get(), folder, temporary);
  if (error == 0 && ::renameat(folder, temporary.c_str(), folder, file.name.c_str()) != 0)
    error = errno;
  if (error != 0) {
    ::unlinkat(folder, temporary.c_str(), 0);
    return error;
  }
  return ::fsync(folder) != 0 ? errno : 0;
}

/// The same where another process is at the same file: an attempt on a node that was taken for dead, say. Either may give the
/// other's file its name; whose is gone then begins again.
int write_whole(const target& file, const std::string& temporary, std::string_view text) {
  constexpr int attempts = 8;
  int error = ENOENT;
  for (int i = 0; i < attempts && error == ENOENT; ++i)
    error = write_once(file, temporary, text);
  return error;
}

} // namespace

reply<std::vector<listed_file>> list_files(const fs::path& folder, const list_options& options) {
  if (folder.empty() || has_nul(folder.native()))
    return refuse("files.bad_request", "no folder is named to list; set 'folder'");
  const auto patterns = patterns_of(options);
  std::vector<listed_file> found;
  std::vector<fs::path> below{folder};
  bool first = true;
  while (!below.empty() && (first || options.recursive)) {
    const auto next = std::move(below.back());
    below.pop_back();
    if (auto failed = list_one(folder, next, patterns, found, below))
      return tl::unexpected(std::move(*failed));
    first = false;
  }
  std::ranges::sort(found, {}, &listed_file::name);
  return found;
}

reply<text_file> read_text_file(const fs::path& path, std::uint64_t max_size_bytes) {
  if (path.empty() || has_nul(path.native()))
    return refuse("files.bad_request", "no file is named to read; set 'path'");
  const auto bound = max_size_bytes == 0
                         ? defaults::max_file_size_bytes
                         : std::min(max_size_bytes, defaults::largest_file_size_bytes);
  // Without O_NONBLOCK a named pipe would hold the thread for ever.
  file_descriptor in{::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
  if (!in) return refuse(errno, "read", path);
  struct stat found {};
  if (::fstat(in.get(), &found) != 0) return refuse(errno, "look at", path);
  if (!S_ISREG(found.st_mode))
    return refuse("files.not_a_file", path.string() + " is no regular file; name a text file");
  std::string bytes;
  const auto stated = static_cast<std::uint64_t>(found.st_size);
  // One byte more than allowed tells a file that grows from one that fits.
  if (stated <= bound)
    if (const int error = read_all(in.get(), bound + 1, bytes)) return refuse(error, "read", path);
  if (std::max<std::uint64_t>(stated, bytes.size()) > bound)
    return refuse("files.too_large", path.string() + " has more than " + std::to_string(bound) +
                                         " bytes; split it or raise 'max_size_bytes'");
  if (const auto nul = bytes.find('\0'); nul != std::string::npos)
    return refuse("files.binary", path.string() + " has a NUL byte at byte " + std::to_string(nul) +
                                      ", so it is no UTF-8 text; convert it (iconv -t UTF-8)");
  auto repaired = text::repair_utf8(bytes);
  return text_file{std::move(repaired.text), bytes.size(),
                   static_cast<std::uint32_t>(repaired.replaced)};
}

reply<fs::path> write_file(const fs::path& folder, std::string_view name, std::string_view text) {
  auto file = open_target(folder, name);
  if (!file) return tl::unexpected(std::move(file.error()));
  if (holds(*file, text)) return file->path;
  if (const int error = write_whole(*file, temporary_name(file->name), text))
    return refuse(error, "write", file->path);
  return file->path;
}

} // namespace troupe::agents
