#pragma once

#include "actors/workflow/errors.hpp"
#include "actors/workflow/sha256.hpp"
#include "actors/workflow/stored_tables.hpp"
#include "kernels/result.hpp"
#include "troupe/v1/backup.pb.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace troupe::workflow {

/// Writes a backup or an archive (`schemas/troupe/v1/backup.proto`). Errors: `store_full`, `store_io`, `store_unavailable`, each
/// naming the file.
class backup_writer {
public:
  /// Makes `FILE.partial`, which has the name `file` only once `finish` is done.
  [[nodiscard]] static result<backup_writer> create(const std::filesystem::path& file,
                                                    const v1::BackupHeader& header);
  /// Goes on with an archive that is there, behind its last mark, or makes it.
  [[nodiscard]] static result<backup_writer> append_to(const std::filesystem::path& file,
                                                       const v1::BackupHeader& header);
  backup_writer(backup_writer&& other) noexcept;
  backup_writer& operator=(backup_writer&&) = delete;
  /// What is not finished is removed; of an archive the part behind its last mark.
  ~backup_writer();

  [[nodiscard]] result<void> add(const stored_table& table, const row& from);
  /// All so far is durable when this returns.
  [[nodiscard]] result<void> mark();
  /// The last mark; then the file has its name.
  [[nodiscard]] result<void> finish();
  [[nodiscard]] std::uint64_t rows() const { return rows_; }
  [[nodiscard]] std::uint64_t size_bytes() const { return written_ + buffer_.size(); }

private:
  backup_writer(std::filesystem::path file, std::filesystem::path at, int descriptor)
      : file_(std::move(file)), at_(std::move(at)), descriptor_(descriptor) {}
  [[nodiscard]] result<void> put(const v1::BackupRecord& record);
  [[nodiscard]] result<void> put_mark(bool last);
  [[nodiscard]] result<void> flush();
  [[nodiscard]] tl::unexpected<error> failed(int reason) const;

  std::filesystem::path file_;
  /// Where it is written.
  std::filesystem::path at_;
  int descriptor_ = -1;
  std::string buffer_;
  sha256_sum sum_;
  std::uint64_t rows_ = 0, written_ = 0, marked_ = 0;
};

/// Reads one, record after record, and checks each mark. What it reads may be hostile.
class backup_reader {
public:
  /// @returns `store_unavailable` where the file cannot be read; `bad_backup` for what is none.
  [[nodiscard]] static result<backup_reader> open(const std::filesystem::path& file);
  backup_reader(backup_reader&& other) noexcept;
  backup_reader& operator=(backup_reader&&) = delete;
  ~backup_reader();

  [[nodiscard]] const v1::BackupHeader& header() const { return header_; }
  /// The next row; none at the end.
  /// @returns `bad_backup`, `backup_cut_off`: what was read since the last mark does not count then.
  [[nodiscard]] result<const v1::BackupRow*> next();
  /// Of the rows up to the last mark that was read.
  [[nodiscard]] std::uint64_t marked_rows() const { return marked_rows_; }
  /// Where the last mark that was read ends.
  [[nodiscard]] std::uint64_t marked_bytes() const { return marked_bytes_; }
  [[nodiscard]] std::uint64_t position() const { return position_; }
  [[nodiscard]] std::uint64_t size_bytes() const { return size_; }
  /// Over all up to the last mark.
  [[nodiscard]] sha256_sum take_sum() { return std::move(sum_); }

private:
  backup_reader(std::filesystem::path file, int descriptor, std::uint64_t size)
      : file_(std::move(file)), descriptor_(descriptor), size_(size) {}
  [[nodiscard]] result<void> read(std::size_t wanted, std::string& into);
  /// @returns whether there is one.
  [[nodiscard]] result<bool> read_record();
  /// Why there is no record where these bytes should begin one.
  [[nodiscard]] error no_frame(std::string bytes);
  [[nodiscard]] result<void> check_mark(const v1::BackupMark& mark);
  [[nodiscard]] result<const v1::BackupRow*> end() const;
  [[nodiscard]] tl::unexpected<error> bad(const std::string& why,
                                          workflow_errc code = workflow_errc::bad_backup) const;
  [[nodiscard]] tl::unexpected<error> cut_off() const;

  std::filesystem::path file_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0, position_ = 0, rows_ = 0, marked_rows_ = 0, marked_bytes_ = 0;
  std::string buffer_;
  std::size_t buffer_at_ = 0;
  sha256_sum sum_;
  v1::BackupHeader header_;
  v1::BackupRecord record_;
  bool last_seen_ = false;
};

/// Reads all of a file. @returns how many rows it has; `bad_backup`, `backup_cut_off`. Of an archive a part behind the last mark
/// is passed over.
[[nodiscard]] result<std::uint64_t>
read_backup(const std::filesystem::path& file,
            const std::function<result<void>(const stored_table&, row&)>& visit,
            const std::function<result<void>(std::uint64_t at, std::uint64_t of)>& progress);

/// Makes a new name in the file's folder durable.
void sync_folder_of(const std::filesystem::path& file);

} // namespace troupe::workflow
