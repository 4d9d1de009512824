#include "actors/workflow/sqlite_rebuild.hpp"

#include "actors/workflow/backup_file.hpp"
#include "actors/workflow/raw_store.hpp"
#include "actors/workflow/sqlite_file.hpp"

#include <array>
#include <fmt/format.h>
#include <optional>
#include <system_error>

namespace troupe::workflow {
namespace {

namespace fs = std::filesystem;

/// Those whose rows have a number of their own, which leads to each without the others.
constexpr std::array numbered_tables{"runs",  "events",          "dead_letters", "cancel_requests",
                                     "blobs", "signal_requests", "quarantine"};

/// The damaged file, and the new one. Two connections, since what reads damage cannot commit any more.
struct file_pair {
  sqlite::database& from;
  sqlite::database& into;
};

/// Copies a table row by row.
class table_copier {
public:
  table_copier(file_pair files, std::string table, const store_watch& watch)
      : files_(files), table_(std::move(table)), watch_(watch) {}
  result<void> copy();
  [[nodiscard]] std::uint64_t copied() const { return copied_; }
  [[nodiscard]] std::uint64_t unreadable() const { return unreadable_; }

private:
  result<void> prepare();
  result<void> find_end();
  /// The number of the row at this one or behind it; absent behind the last one.
  result<std::optional<std::int64_t>> find(std::int64_t from);
  [[nodiscard]] bool pass_over();
  result<void> copy_row();

  file_pair files_;
  const std::string table_;
  const store_watch& watch_;
  sqlite::statement find_, read_, insert_;
  std::int64_t next_ = 0, last_ = 0;
  /// How many numbers may be tried one by one, since so many rows there can be.
  std::int64_t tries_ = 0;
  std::uint64_t copied_ = 0, unreadable_ = 0;
};

result<void> table_copier::prepare() {
  const auto columns =
      files_.into.query_number(fmt::format("SELECT count(*) FROM pragma_table_info('{}')", table_));
  if (!columns) return tl::unexpected(columns.error());
  std::string places = "?";
  for (std::int64_t i = 1; i < *columns; ++i)
    places += ", ?";
  auto find = files_.from.prepare(fmt::format(
      "SELECT rowid FROM {} NOT INDEXED WHERE rowid >= ?1 ORDER BY rowid LIMIT 1", table_));
  auto read =
      files_.from.prepare(fmt::format("SELECT * FROM {} NOT INDEXED WHERE rowid = ?1", table_));
  auto insert =
      files_.into.prepare(fmt::format("INSERT OR IGNORE INTO {} VALUES ({})", table_, places));
  for (auto* each : {&find, &read, &insert})
    if (!*each) return tl::unexpected(std::move(each->error()));
  find_ = std::move(*find);
  read_ = std::move(*read);
  insert_ = std::move(*insert);
  return {};
}

/// Where the way to the last row is damaged, more rows than there can be are looked for.
result<void> table_copier::find_end() {
  const auto last = files_.from.query_number(fmt::format("SELECT max(rowid) FROM {}", table_));
  const auto pages = files_.from.query_number("PRAGMA page_count");
  if (!pages) return tl::unexpected(pages.error());
  constexpr std::int64_t rows_of_a_page = 110; // of 4 KiB, with a checksum each
  tries_ = *pages * rows_of_a_page;
  last_ = last ? *last : tries_;
  return {};
}

/// Whether a row was refused for what it holds; else there is no going on.
bool is_no_row(const error& why) {
  return why.code == workflow_errc::store_refused;
}

/// One that was found and cannot be read, or is none that can be kept, is lost.
result<void> table_copier::copy_row() {
  const sqlite::reset_guard done{read_};
  const auto there = read_.bind(1, next_).step();
  if (there && *there) {
    auto inserted = insert_.bind_row(read_).run();
    if (inserted) return ++copied_, inserted;
    if (!is_no_row(inserted.error())) return inserted;
  }
  ++unreadable_;
  return {};
}

result<std::optional<std::int64_t>> table_copier::find(std::int64_t from) {
  const sqlite::reset_guard done{find_};
  const auto there = find_.bind(1, from).step();
  if (!there) return tl::unexpected(there.error());
  if (!*there) return std::nullopt;
  const std::int64_t found = find_.number(0);
  // A row in the wrong place would be found again and again.
  if (found < from) return fail(workflow_errc::store_damaged, "rows are out of order");
  return found;
}

/// Goes on behind a place that cannot be read: number by number, as rows lie, and where those are no more than there can be, by
/// leaps, back to the first number behind the place; what a damaged number would have looked for goes on for ever.
/// @returns whether there may be more.
bool table_copier::pass_over() {
  ++unreadable_;
  for (; tries_ > 0 && next_ < last_; --tries_)
    if (find(++next_)) return true;
  std::int64_t bad = next_;
  for (std::int64_t leap = 1; leap <= last_ - bad; leap += leap) {
    if (!find(bad + leap)) {
      bad += leap;
      continue;
    }
    std::int64_t good = bad + leap;
    while (good - bad > 1) {
      const std::int64_t middle = bad + (good - bad) / 2;
      (find(middle) ? good : bad) = middle;
    }
    next_ = good;
    return true;
  }
  return false;
}

result<void> table_copier::copy() {
  if (auto prepared = prepare(); !prepared) return prepared;
  if (auto known = find_end(); !known) return known;
  while (next_ <= last_) {
    if (auto go_on = watch_.step(table_, copied_, static_cast<std::uint64_t>(last_)); !go_on)
      return go_on;
    const auto found = find(next_);
    if (!found) {
      if (!pass_over()) return {};
      continue;
    }
    if (!*found) return {};
    next_ = **found;
    if (auto copied = copy_row(); !copied) return copied;
    if (next_ == last_) return {};
    ++next_;
  }
  return {};
}

/// Their rows have no number of their own. Those behind one that cannot be read are made again from the runs' first events.
result<void> copy_tags(file_pair files) {
  auto read = files.from.prepare("SELECT key, value, started_us, run FROM run_tags");
  auto insert = files.into.prepare(
      "INSERT OR IGNORE INTO run_tags (key, value, started_us, run) VALUES (?, ?, ?, ?)");
  if (!read || !insert) return tl::unexpected(read ? insert.error() : read.error());
  for (auto more = read->step(); more && *more; more = read->step())
    if (auto done = insert->bind_row(*read).run(); !done && !is_no_row(done.error())) return done;
  return {};
}

result<void> copy_tables(file_pair files, const store_watch& watch, rebuilt_file& into) {
  for (const char* table : numbered_tables) {
    table_copier rows{files, table, watch};
    if (auto done = rows.copy(); !done) return done;
    into.copied.push_back(fmt::format("{}: {}", table, rows.copied()));
    into.unreadable += rows.unreadable();
  }
  return copy_tags(files);
}

void remove_with_log(const fs::path& file) {
  std::error_code ignored;
  for (const char* beside : {"", "-wal", "-shm", "-owners"})
    fs::remove(file.string() + beside, ignored);
}

/// An empty store of the newest format.
result<void> make_fresh(const fs::path& file) {
  remove_with_log(file);
  const auto made = open_store_file(file, {});
  return made ? result<void>{} : tl::unexpected(made.error());
}

/// All but the exchange of the files.
result<rebuilt_file> build(const fs::path& file, const fs::path& fresh, const store_watch& watch) {
  if (auto made = make_fresh(fresh); !made) return tl::unexpected(std::move(made.error()));
  constexpr std::chrono::milliseconds patience{5'000};
  auto from = sqlite::database::open(file.string(), sqlite::open_mode::existing, patience);
  if (!from) return tl::unexpected(std::move(from.error()));
  auto into = sqlite::database::open(fresh.string(), sqlite::open_mode::existing, patience);
  if (!into) return tl::unexpected(std::move(into.error()));
  rebuilt_file made;
  auto done = from->execute("BEGIN");
  if (done) done = into->execute("PRAGMA synchronous = FULL; BEGIN");
  if (done) done = copy_tables({*from, *into}, watch, made);
  if (done) done = into->execute("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
  // What is in the old file's log is copied; it must not be taken for the new file's.
  if (done) {
    (void)from->execute("ROLLBACK");
    done = from->execute("PRAGMA wal_checkpoint(TRUNCATE)");
  }
  if (!done) return tl::unexpected(std::move(done.error()));
  return made;
}

} // namespace

result<fs::path> copy_sqlite_file(const fs::path& file) {
  auto on = sqlite::database::open(file.string(), sqlite::open_mode::existing, {});
  if (!on) return tl::unexpected(std::move(on.error()));
  const std::string first = file.string() + ".before-repair";
  std::string name = first;
  std::error_code ignored;
  for (int i = 2; fs::exists(name, ignored); ++i)
    name = fmt::format("{}-{}", first, i);
  const fs::path partial = name + ".partial";
  fs::remove(partial, ignored);
  auto copied = on->copy_to(partial.string());
  if (copied) {
    std::error_code wrong;
    fs::rename(partial, name, wrong);
    if (!wrong) return sync_folder_of(name), fs::path{name};
    copied = fail(wrong, name);
  }
  fs::remove(partial, ignored);
  copied.error().context =
      "nothing is repaired, since no copy of the store could be made: " + copied.error().context;
  return tl::unexpected(std::move(copied.error()));
}

result<rebuilt_file> rebuild_sqlite_file(const fs::path& file, const store_watch& watch) {
  const fs::path fresh = file.string() + ".rebuilt";
  auto made = build(file, fresh, watch);
  if (made) {
    std::error_code wrong;
    fs::rename(fresh, file, wrong);
    if (wrong) made = fail(wrong, fresh.string());
    sync_folder_of(file);
  }
  remove_with_log(fresh);
  if (!made) return made;
  std::error_code ignored;
  for (const char* beside : {"-wal", "-shm"})
    fs::remove(file.string() + beside, ignored);
  return made;
}

} // namespace troupe::workflow
