// A backup or an archive. The input is what lies behind the first line: records, each behind its length in four
// bytes. In what it has as
// the sums of marks a zero byte alone stands for the right one, so that marks are reached.
#include "actors/workflow/backup_file.hpp"
#include "actors/workflow/backup_format.hpp"
#include "actors/workflow/row_check.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/fuzz/memory_file.hpp"

using namespace troupe;
using namespace troupe::workflow;

namespace {

/// Puts the right sums into marks that ask for them.
std::string with_sums(std::string_view records) {
  std::string made{backup_format::first_line};
  sha256_sum sum;
  sum.add(made);
  while (records.size() >= 4) {
    const auto size = backup_format::read_number(records);
    if (size > records.size() - 4) break;
    std::string bytes{records.substr(4, size)};
    v1::BackupRecord record;
    if (record.ParseFromString(bytes) && record.has_mark() &&
        record.mark().sha256() == std::string_view{"\0", 1}) {
      record.mutable_mark()->set_sha256(sum.value());
      bytes = record.SerializeAsString();
    }
    const std::string whole = backup_format::frame_of(bytes.size()) + bytes;
    sum.add(whole);
    made += whole;
    records.remove_prefix(4 + size);
  }
  return made.append(records);
}

/// What a restore looks at, whatever the row holds.
void look(const stored_table& table, const row& shown) {
  checksummer sums;
  bool good = false;
  switch (table.id) {
  case v1::BACKUP_TABLE_RUNS:
    good = is_good_run(shown, sums) && !row_of(entry_in(shown), 1, sums).empty();
    break;
  case v1::BACKUP_TABLE_EVENTS:
    good = whole_event(shown, "run", "payload", sums).has_value();
    break;
  case v1::BACKUP_TABLE_BLOBS:
    good = is_good_blob(shown);
    break;
  case v1::BACKUP_TABLE_CANCEL_REQUESTS:
    good = is_good_cancel(shown, sums);
    break;
  case v1::BACKUP_TABLE_SIGNAL_REQUESTS:
    good = is_good_signal(shown, sums);
    break;
  case v1::BACKUP_TABLE_DEAD_LETTERS:
    good = is_good_letter(shown);
    break;
  default:
    break;
  }
  static_cast<void>(good);
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fuzz::memory_file file;
  file.write(with_sums({reinterpret_cast<const char*>(data), size}));
  std::uint64_t rows = 0;
  const auto read = read_backup(
      file.path(),
      [&](const stored_table& table, row& shown) -> result<void> {
        fuzz::require(shown.size() == table.columns.size(), "a row has the cells of its table");
        look(table, shown);
        return ++rows, result<void>{};
      },
      [](std::uint64_t at, std::uint64_t of) -> result<void> {
        fuzz::require(at <= of, "no more is read than there is");
        return {};
      });
  if (read)
    fuzz::require(*read == rows, "as many rows are told as were shown");
  else
    fuzz::require(!read.error().context.empty(), "an error says why");
  return 0;
}
