#include "actors/workflow/backup_file.hpp"
#include "actors/workflow/backup_format.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace troupe::workflow {
namespace {

constexpr std::size_t read_at_once = std::size_t{1} << 20;

} // namespace

tl::unexpected<error> backup_reader::bad(const std::string& why, workflow_errc code) const {
  return fail(code, fmt::format("{} {} at byte {} of {}; use another one", file_.string(), why,
                                position_, size_));
}

tl::unexpected<error> backup_reader::cut_off() const {
  return bad("is cut off", workflow_errc::backup_cut_off);
}

result<backup_reader> backup_reader::open(const std::filesystem::path& file) {
  const int opened = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat about {};
  if (opened < 0 || ::fstat(opened, &about) != 0 || !S_ISREG(about.st_mode)) {
    const int reason = opened < 0 ? errno : 0;
    if (opened >= 0) ::close(opened);
    return fail(workflow_errc::store_unavailable,
                fmt::format("{}: {}; name a file that 'troupe store backup' made", file.string(),
                            reason ? std::strerror(reason) : "is no regular file"));
  }
  backup_reader made{file, opened, static_cast<std::uint64_t>(about.st_size)};
  std::string line;
  if (made.size_ < backup_format::first_line.size() ||
      !made.read(backup_format::first_line.size(), line) || line != backup_format::first_line)
    return fail(workflow_errc::bad_backup,
                file.string() + " is no backup of this or an earlier troupe; name another file");
  made.sum_.add(line);
  const auto there = made.read_record();
  if (!there) return tl::unexpected(there.error());
  if (!*there || !made.record_.has_header()) return made.bad("has no header");
  made.header_ = made.record_.header();
  return made;
}

backup_reader::backup_reader(backup_reader&& other) noexcept
    : file_(std::move(other.file_)), descriptor_(std::exchange(other.descriptor_, -1)),
      size_(other.size_), position_(other.position_), rows_(other.rows_),
      marked_rows_(other.marked_rows_), marked_bytes_(other.marked_bytes_),
      buffer_(std::move(other.buffer_)), buffer_at_(other.buffer_at_), sum_(std::move(other.sum_)),
      header_(std::move(other.header_)), record_(std::move(other.record_)),
      last_seen_(other.last_seen_) {}

backup_reader::~backup_reader() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

/// Takes exactly so many bytes; never more than the file has.
result<void> backup_reader::read(std::size_t wanted, std::string& into) {
  into.clear();
  if (wanted > size_ - position_) return cut_off();
  while (into.size() < wanted) {
    if (buffer_at_ == buffer_.size()) {
      buffer_.resize(read_at_once);
      buffer_at_ = 0;
      const auto done = ::read(descriptor_, buffer_.data(), buffer_.size());
      buffer_.resize(done > 0 ? static_cast<std::size_t>(done) : 0);
      if (done < 0 && errno == EINTR) continue;
      if (done < 0)
        return fail(workflow_errc::store_io,
                    fmt::format("{}: {}; check its disk", file_.string(), std::strerror(errno)));
      if (done == 0) return cut_off();
    }
    const std::size_t part = std::min(wanted - into.size(), buffer_.size() - buffer_at_);
    into.append(buffer_, buffer_at_, part);
    buffer_at_ += part;
  }
  position_ += wanted;
  return {};
}

/// A machine that went down may leave room behind the last record that was never written: zeros to the end.
error backup_reader::no_frame(std::string bytes) {
  for (;;) {
    if (bytes.find_first_not_of('\0') != std::string::npos)
      return bad("is damaged (a length is not what was written)").value();
    if (position_ == size_) return cut_off().value();
    const auto some = std::min<std::uint64_t>(read_at_once, size_ - position_);
    if (auto done = read(some, bytes); !done) return std::move(done.error());
  }
}

result<bool> backup_reader::read_record() {
  if (position_ == size_) return false;
  std::string frame, bytes;
  if (auto done = read(backup_format::frame_bytes, frame); !done)
    return tl::unexpected(std::move(done.error()));
  const auto size = backup_format::read_frame(frame);
  if (!size) return tl::unexpected(no_frame(std::move(frame)));
  if (*size > backup_format::largest_record) return bad("is damaged (a record is too long)");
  if (auto done = read(*size, bytes); !done) return tl::unexpected(std::move(done.error()));
  if (!record_.ParseFromString(bytes)) return bad("is damaged (a record cannot be read)");
  // Its own bytes are in no sum.
  if (record_.has_mark() && record_.SerializeAsString() != bytes)
    return bad("is damaged (a mark is not what was written)");
  if (record_.has_mark())
    if (auto good = check_mark(record_.mark()); !good)
      return tl::unexpected(std::move(good.error()));
  sum_.add(frame);
  sum_.add(bytes);
  return true;
}

result<void> backup_reader::check_mark(const v1::BackupMark& mark) {
  if (mark.sha256() != sum_.value() || mark.rows() != rows_)
    return bad("is damaged (its checksum does not fit)");
  marked_rows_ = rows_;
  marked_bytes_ = position_;
  last_seen_ = mark.last();
  return {};
}

result<const v1::BackupRow*> backup_reader::end() const {
  const bool whole =
      header_.kind() == v1::BACKUP_KIND_ARCHIVE ? marked_bytes_ == size_ : last_seen_;
  if (!whole) return cut_off();
  return nullptr;
}

result<const v1::BackupRow*> backup_reader::next() {
  for (;;) {
    const auto there = read_record();
    if (!there) return tl::unexpected(there.error());
    if (!*there) return end();
    if (last_seen_ && !record_.has_mark()) return bad("goes on behind its end");
    if (!record_.has_row()) continue; // a mark, or what a later version adds
    ++rows_;
    return &record_.row();
  }
}

namespace {

using progress_of_reading = std::function<result<void>(std::uint64_t, std::uint64_t)>;

/// How many rows of an archive are whole: whoever wrote it may have been killed.
result<std::uint64_t> whole_rows(const std::filesystem::path& file) {
  auto from = backup_reader::open(file);
  if (!from) return tl::unexpected(std::move(from.error()));
  for (;;) {
    const auto next = from->next();
    if (next && *next) continue;
    if (!next && next.error().code != workflow_errc::backup_cut_off)
      return tl::unexpected(next.error());
    return from->marked_rows();
  }
}

} // namespace

result<std::uint64_t>
read_backup(const std::filesystem::path& file,
            const std::function<result<void>(const stored_table&, row&)>& visit,
            const progress_of_reading& progress) {
  auto from = backup_reader::open(file);
  if (!from) return tl::unexpected(std::move(from.error()));
  const bool archive = from->header().kind() == v1::BACKUP_KIND_ARCHIVE;
  auto most = archive ? whole_rows(file) : result<std::uint64_t>{~std::uint64_t{0}};
  if (!most) return most;
  row shown;
  for (std::uint64_t seen = 0;; ++seen) {
    if (seen == *most) return seen;
    const auto next = from->next();
    if (!next) return tl::unexpected(next.error());
    if (!*next) return seen;
    const stored_table* table = find_table((*next)->table());
    if (!table || !from_wire(**next, *table, shown))
      return fail(workflow_errc::bad_backup,
                  fmt::format("{} has a row that this program does not know, before byte {}; use a "
                              "newer troupe",
                              file.string(), from->position()));
    if (auto visited = visit(*table, shown); !visited)
      return tl::unexpected(std::move(visited.error()));
    if (auto wanted = progress(from->position(), from->size_bytes()); !wanted)
      return tl::unexpected(std::move(wanted.error()));
  }
}

} // namespace troupe::workflow
