#include "actors/workflow/sqlite_rebuild.hpp"

#include "actors/workflow/backup_file.hpp"
#include "actors/workflow/raw_store.hpp"
#include "actors/workflow/sqlite_file.hpp"

#include <array>
#include <fmt/format.h>
#include <system_error>

namespace troupe::workflow {
namespace {

namespace fs = std::filesystem;

/// Those whose rows have a number of their own, which leads to each without the others.
constexpr std::array numbered_tables{"runs",  "events",          "dead_letters", "cancel_requests",
                                     "blobs", "signal_requests", "quarantine"};

/// Copies a table of a damaged file (`main`) into the same one of a new file (`fresh`), row by row.
class table_copier {
public:
  table_copier(sqlite::database& on, std::string table, const store_watch& watch)
      : on_(on), table_(std::move(table)), watch_(watch) {}
  result<void> copy();
  [[nodiscard]] std::uint64_t copied() const { return copied_; }
  [[nodiscard]] std::uint64_t unreadable() const { return unreadable_; }

private:
  result<void> find_end();
  result<bool> copy_next();

  sqlite::database& on_;
  const std::string table_;
  const store_watch& watch_;
  sqlite::statement find_, insert_;
  std::int64_t next_ = 0, last_ = 0;
  std::uint64_t copied_ = 0, unreadable_ = 0;
};

/// Where the way to the last row is damaged, more rows than there can be are looked for.
result<void> table_copier::find_end() {
  const auto last = on_.query_number(fmt::format("SELECT max(rowid) FROM main.{}", table_));
  const auto pages = on_.query_number("PRAGMA main.page_count");
  if (!pages) return tl::unexpected(pages.error());
  constexpr std::int64_t rows_of_a_page = 110; // of 4 KiB, with a checksum each
  last_ = last ? *last : *pages * rows_of_a_page;
  return {};
}

/// @returns whether there may be more.
result<bool> table_copier::copy_next() {
  const sqlite::reset_guard done{find_};
  const auto there = find_.bind(1, next_).step();
  if (!there) {
    // This place cannot be read; the next one may be.
    ++unreadable_;
    return ++next_ <= last_;
  }
  if (!*there) return false;
  next_ = find_.number(0);
  if (insert_.bind(1, next_).run())
    ++copied_;
  else
    ++unreadable_; // found, and no row that can be
  return ++next_ <= last_;
}

result<void> table_copier::copy() {
  auto find = on_.prepare(fmt::format(
      "SELECT rowid FROM main.{} NOT INDEXED WHERE rowid >= ?1 ORDER BY rowid LIMIT 1", table_));
  auto insert = on_.prepare(fmt::format(
      "INSERT OR IGNORE INTO fresh.{0} SELECT * FROM main.{0} NOT INDEXED WHERE rowid = ?1",
      table_));
  if (!find || !insert) return tl::unexpected(find ? insert.error() : find.error());
  find_ = std::move(*find);
  insert_ = std::move(*insert);
  if (auto known = find_end(); !known) return known;
  for (;;) {
    if (auto go_on = watch_.step(table_, copied_, static_cast<std::uint64_t>(last_)); !go_on)
      return go_on;
    const auto more = copy_next();
    if (!more) return tl::unexpected(more.error());
    if (!*more) return {};
  }
}

result<void> copy_tables(sqlite::database& on, const store_watch& watch, rebuilt_file& into) {
  for (const char* table : numbered_tables) {
    table_copier rows{on, table, watch};
    if (auto done = rows.copy(); !done) return done;
    into.copied.push_back(fmt::format("{}: {}", table, rows.copied()));
    into.unreadable += rows.unreadable();
  }
  // Where they cannot be read, they are made again from the runs' first events.
  (void)on.execute("INSERT OR IGNORE INTO fresh.run_tags SELECT * FROM main.run_tags");
  return {};
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

/// In the connection's own words, with quotes doubled.
std::string sql_text(const fs::path& file) {
  std::string made = "'";
  for (const char each : file.string())
    each == '\'' ? made += "''" : made += each;
  return made + "'";
}

/// All but the exchange of the files.
result<rebuilt_file> build(const fs::path& file, const fs::path& fresh, const store_watch& watch) {
  if (auto made = make_fresh(fresh); !made) return tl::unexpected(std::move(made.error()));
  auto on = sqlite::database::open(file.string(), sqlite::open_mode::existing,
                                   std::chrono::milliseconds{5'000});
  if (!on) return tl::unexpected(std::move(on.error()));
  rebuilt_file made;
  auto done = on->execute(fmt::format("ATTACH {} AS fresh", sql_text(fresh)).c_str());
  if (done)
    done = on->execute("PRAGMA main.synchronous = FULL; PRAGMA fresh.synchronous = FULL; BEGIN");
  if (done) done = copy_tables(*on, watch, made);
  if (done) done = on->execute("COMMIT");
  if (done) done = on->execute("PRAGMA fresh.wal_checkpoint(TRUNCATE)");
  // What is in the old file's log is copied; it must not be taken for the new file's.
  if (done) done = on->execute("PRAGMA main.wal_checkpoint(TRUNCATE)");
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
