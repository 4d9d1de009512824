#include "actors/runtime/names.hpp"
#include "actors/workflow/errors.hpp"
#include "actors/workflow/live/snapshot_board.hpp"
#include "actors/workflow/live/snapshot_codec.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <fmt/format.h>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>

namespace troupe::workflow {
namespace {

namespace fs = std::filesystem;

/// What is so old was left by a process that was killed.
constexpr std::chrono::minutes left_behind{1};
/// Entries of the folder that are looked at.
constexpr std::size_t most_entries = 10'000;
constexpr std::string_view unfinished = ".part";

tl::unexpected<error> cannot(const char* what, const fs::path& file) {
  return fail(std::error_code{errno, std::generic_category()},
              fmt::format("cannot {} {}", what, file.string()));
}

/// A file that is open.
class descriptor {
public:
  descriptor(const fs::path& file, int how)
      : number_(::open(file.c_str(), how | O_CLOEXEC, 0644)) {}
  ~descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  [[nodiscard]] int get() const { return number_; }

private:
  int number_;
};

result<void> write_all(const fs::path& file, std::string_view bytes) {
  const descriptor out{file, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW};
  if (out.get() < 0) return cannot("write", file);
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(out.get(), bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return cannot("write", file);
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return {};
}

struct found_file {
  std::string bytes;
  std::chrono::nanoseconds age{};
};

std::chrono::nanoseconds age_of(const struct stat& of) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return std::chrono::seconds{now.tv_sec - of.st_mtim.tv_sec} +
         std::chrono::nanoseconds{now.tv_nsec - of.st_mtim.tv_nsec};
}

/// Nothing where it is gone meanwhile, no file, or too old.
result<std::optional<found_file>> read_fresh(const fs::path& file) {
  const descriptor in{file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK};
  if (in.get() < 0 && errno == ENOENT) return std::nullopt;
  struct stat of {};
  if (in.get() < 0 || ::fstat(in.get(), &of) != 0) return cannot("read", file);
  found_file made;
  made.age = age_of(of);
  if (!S_ISREG(of.st_mode) || made.age > snapshot_lifetime) return std::nullopt;
  made.bytes.resize(most_snapshot_bytes + 1);
  std::size_t size = 0;
  while (size < made.bytes.size()) {
    const ssize_t got = ::read(in.get(), made.bytes.data() + size, made.bytes.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return cannot("read", file);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  made.bytes.resize(size);
  return made;
}

class file_board final : public snapshot_board {
public:
  explicit file_board(fs::path folder) : folder_(std::move(folder)) {}

  result<void> post(const std::string& owner, std::string_view bytes) override {
    const fs::path file = folder_ / owner, beside = folder_ / (owner + std::string{unfinished});
    auto written = write_all(beside, bytes);
    if (!written && written.error().code == std::errc::no_such_file_or_directory) {
      if (::mkdir(folder_.c_str(), 0755) != 0 && errno != EEXIST) return cannot("make", folder_);
      written = write_all(beside, bytes);
    }
    if (!written) return written;
    // Others see the last one or this one.
    if (::rename(beside.c_str(), file.c_str()) != 0) return cannot("write", file);
    return {};
  }

  void remove(const std::string& owner) noexcept override {
    std::error_code ignored;
    fs::remove(folder_ / owner, ignored);
    fs::remove(folder_ / (owner + std::string{unfinished}), ignored);
    for_each_entry([](const fs::path& file, const std::string&) {
      struct stat of {};
      if (::lstat(file.c_str(), &of) == 0 && S_ISREG(of.st_mode) && age_of(of) > left_behind)
        ::unlink(file.c_str());
    });
    ::rmdir(folder_.c_str()); // where it is empty
  }

  result<board_content> read() override {
    board_content made;
    for_each_entry([&](const fs::path& file, const std::string& owner) {
      if (!is_owner_name(owner) || owner.ends_with(unfinished) ||
          made.nodes.size() + made.unreadable.size() >= most_snapshots)
        return;
      const auto found = read_fresh(file);
      if (!found) return made.unreadable.push_back(found.error().message());
      if (!*found) return;
      auto what = decode_snapshot((*found)->bytes);
      if (what && what->owner == owner)
        made.nodes.push_back(
            {std::move(*what), std::max((*found)->age, std::chrono::nanoseconds{})});
      else
        made.unreadable.push_back(
            fmt::format("{}: {}", owner, what ? "it names another owner" : what.error().message()));
    });
    std::ranges::sort(made.nodes, {}, [](const posted_snapshot& of) { return of.what.owner; });
    return made;
  }

private:
  template <class Visit>
  void for_each_entry(const Visit& visit) {
    std::error_code failed;
    std::size_t looked_at = 0;
    for (fs::directory_iterator each{folder_, failed}, end; !failed && each != end;
         each.increment(failed))
      if (++looked_at <= most_entries) visit(each->path(), each->path().filename().string());
  }

  const fs::path folder_;
};

} // namespace

bool is_owner_name(std::string_view name) {
  constexpr std::size_t most_bytes = 100;
  return runtime::is_name_part(name) && name.size() <= most_bytes && name.front() != '.';
}

std::unique_ptr<snapshot_board> open_file_board(const fs::path& store_file) {
  return std::make_unique<file_board>(store_file.string() + "-live");
}

} // namespace troupe::workflow
