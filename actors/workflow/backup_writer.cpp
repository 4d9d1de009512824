#include "actors/workflow/backup_file.hpp"
#include "actors/workflow/backup_format.hpp"
#include "actors/workflow/errors.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>
#include <utility>

namespace troupe::workflow {
namespace {

constexpr std::size_t written_at_once = std::size_t{1} << 20;

tl::unexpected<error> cannot_write(const std::filesystem::path& file, int reason) {
  const bool full = reason == ENOSPC || reason == EDQUOT || reason == EFBIG;
  return fail(full ? workflow_errc::store_full : workflow_errc::store_io,
              fmt::format("{}: {}; {}", file.string(), std::strerror(reason),
                          full ? "free space on its disk, or name a file on another one"
                               : "check its disk"));
}

/// Opens a file that nobody else writes as long as it is open.
result<int> open_alone(const std::filesystem::path& file, int flags) {
  const int opened = ::open(file.c_str(), flags | O_CLOEXEC, 0600);
  if (opened < 0)
    return fail(workflow_errc::store_unavailable,
                fmt::format("{}: {}; check that its folder exists and may be written",
                            file.string(), std::strerror(errno)));
  if (::flock(opened, LOCK_EX | LOCK_NB) == 0) return opened;
  ::close(opened);
  return fail(workflow_errc::store_busy,
              file.string() + " is written by another process; wait for it, or name another file");
}

result<void> read_to_end(backup_reader& from) {
  for (;;) {
    const auto next = from.next();
    if (!next) return tl::unexpected(next.error());
    if (!*next) return {};
  }
}

/// An archive read to its last mark; what lies behind that is cut off, which a process left that was killed while it wrote.
result<backup_reader> read_archive(const std::filesystem::path& file) {
  auto there = backup_reader::open(file);
  if (!there) return there;
  if (there->header().kind() != v1::BACKUP_KIND_ARCHIVE)
    return fail(workflow_errc::bad_backup,
                file.string() + " is a backup, not an archive; name another file");
  auto read = read_to_end(*there);
  if (read) return there;
  if (read.error().code != workflow_errc::backup_cut_off)
    return tl::unexpected(std::move(read.error()));
  std::error_code wrong;
  std::filesystem::resize_file(file, there->marked_bytes(), wrong);
  if (wrong) return fail(wrong, file.string());
  return read_archive(file);
}

} // namespace

void sync_folder_of(const std::filesystem::path& file) {
  const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path{"."};
  const int opened = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (opened < 0) return;
  (void)::fsync(opened);
  ::close(opened);
}

result<backup_writer> backup_writer::create(const std::filesystem::path& file,
                                            const v1::BackupHeader& header) {
  const std::filesystem::path partial = file.string() + ".partial";
  // What it holds is as private as the store.
  const auto opened = open_alone(partial, O_WRONLY | O_CREAT);
  if (!opened) return tl::unexpected(opened.error());
  backup_writer made{file, partial, *opened};
  if (::ftruncate(*opened, 0) != 0) return cannot_write(partial, errno);
  made.buffer_ = backup_format::first_line;
  v1::BackupRecord first;
  *first.mutable_header() = header;
  if (auto put = made.put(first); !put) return tl::unexpected(std::move(put.error()));
  return made;
}

result<backup_writer> backup_writer::append_to(const std::filesystem::path& file,
                                               const v1::BackupHeader& header) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) {
    auto made = create(file, header);
    if (!made) return made;
    // It has its name with its first mark: from then on each batch is whole or not there.
    if (auto marked = made->mark(); !marked) return tl::unexpected(std::move(marked.error()));
    std::filesystem::rename(made->at_, file, ignored);
    if (ignored) return fail(ignored, file.string());
    made->at_ = file;
    sync_folder_of(file);
    return made;
  }
  const auto opened = open_alone(file, O_WRONLY);
  if (!opened) return tl::unexpected(opened.error());
  backup_writer made{file, file, *opened};
  auto there = read_archive(file);
  if (!there) return tl::unexpected(std::move(there.error()));
  made.rows_ = there->marked_rows();
  made.written_ = made.marked_ = there->marked_bytes();
  made.sum_ = there->take_sum();
  if (::lseek(*opened, static_cast<off_t>(made.written_), SEEK_SET) < 0)
    return cannot_write(file, errno);
  return made;
}

backup_writer::backup_writer(backup_writer&& other) noexcept
    : file_(std::move(other.file_)), at_(std::move(other.at_)),
      descriptor_(std::exchange(other.descriptor_, -1)), buffer_(std::move(other.buffer_)),
      sum_(std::move(other.sum_)), rows_(other.rows_), written_(other.written_),
      marked_(other.marked_) {}

backup_writer::~backup_writer() {
  if (descriptor_ < 0) return;
  std::error_code ignored;
  if (at_ != file_)
    std::filesystem::remove(at_, ignored);
  else if (written_ > marked_)
    (void)!::ftruncate(descriptor_, static_cast<off_t>(marked_));
  ::close(descriptor_);
}

tl::unexpected<error> backup_writer::failed(int reason) const {
  return cannot_write(at_, reason);
}

result<void> backup_writer::flush() {
  std::string_view left = buffer_;
  while (!left.empty()) {
    const auto done = ::write(descriptor_, left.data(), left.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return failed(errno);
    left.remove_prefix(static_cast<std::size_t>(done));
  }
  sum_.add(buffer_);
  written_ += buffer_.size();
  buffer_.clear();
  return {};
}

result<void> backup_writer::put(const v1::BackupRecord& record) {
  const std::string bytes = record.SerializeAsString();
  buffer_ += backup_format::frame_of(bytes.size());
  buffer_ += bytes;
  return buffer_.size() < written_at_once ? result<void>{} : flush();
}

result<void> backup_writer::add(const stored_table& table, const row& from) {
  v1::BackupRecord record;
  *record.mutable_row() = to_wire(table, from);
  ++rows_;
  return put(record);
}

result<void> backup_writer::put_mark(bool last) {
  if (auto flushed = flush(); !flushed) return flushed;
  v1::BackupRecord record;
  record.mutable_mark()->set_sha256(sum_.value());
  record.mutable_mark()->set_rows(rows_);
  record.mutable_mark()->set_last(last);
  if (auto done = put(record); !done) return done;
  if (auto flushed = flush(); !flushed) return flushed;
  if (::fsync(descriptor_) != 0) return failed(errno);
  marked_ = written_;
  return {};
}

result<void> backup_writer::mark() {
  return put_mark(false);
}

result<void> backup_writer::finish() {
  if (auto done = put_mark(true); !done) return done;
  std::error_code wrong;
  std::filesystem::rename(at_, file_, wrong);
  if (wrong) return fail(wrong, file_.string());
  at_ = file_;
  sync_folder_of(file_);
  ::close(std::exchange(descriptor_, -1));
  return {};
}

} // namespace troupe::workflow
