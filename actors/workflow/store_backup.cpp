#include "actors/workflow/store_backup.hpp"

#include "actors/workflow/backup_file.hpp"
#include "actors/workflow/event_codec.hpp"
#include "actors/workflow/row_check.hpp"
#include "actors/workflow/sha256.hpp"
#include "actors/workflow/stored_rows.hpp"

#include <fmt/format.h>
#include <unordered_map>
#include <unordered_set>

namespace troupe::workflow {
namespace {

constexpr std::size_t most_damages_shown = 20;

/// Looks at rows in the order of a backup: what others refer to comes first.
class row_watcher {
public:
  /// @returns what is wrong with the row; empty where nothing is.
  std::string look(const stored_table& table, const row& shown);

private:
  struct known_run {
    std::string id;
    std::uint64_t events = 0, due = 0;
  };
  std::string look_at_run(const row& shown);
  std::string look_at_event(const row& shown);

  checksummer sums_;
  std::unordered_map<std::int64_t, known_run> runs_;
};

std::string row_watcher::look_at_run(const row& shown) {
  run_entry entry = entry_in(shown);
  const bool good = is_good_run(shown, sums_);
  const std::string id = entry.run_id.substr(0, most_shown_of_id);
  runs_[number_in(shown, col::run_number)] = {std::move(entry.run_id), 0, entry.version};
  return good ? "" : fmt::format("the entry of run '{}' is not what was written", id);
}

/// A payload that lies apart has its own sum.
std::string row_watcher::look_at_event(const row& shown) {
  const auto found = runs_.find(number_in(shown, col::event_run));
  const auto number = number_in(shown, col::event_number);
  if (found == runs_.end()) return fmt::format("an event {} belongs to no run", number);
  known_run& run = found->second;
  if (static_cast<std::uint64_t>(number) != ++run.events)
    return fmt::format("event {} of run '{}' is missing", run.events, run.id);
  if (!bytes_in(shown, col::event_blob).empty()) return "";
  if (whole_event(shown, run.id, "", sums_)) return "";
  return fmt::format("event {} of run '{}' is not what was written", number, run.id);
}

std::string row_watcher::look(const stored_table& table, const row& shown) {
  const auto said = [&](bool good, const std::string& what) {
    return good ? std::string{} : what + " is not what was written";
  };
  switch (table.id) {
  case v1::BACKUP_TABLE_RUNS:
    return look_at_run(shown);
  case v1::BACKUP_TABLE_EVENTS:
    return look_at_event(shown);
  case v1::BACKUP_TABLE_BLOBS:
    return said(is_good_blob(shown), "payload " + to_hex(bytes_in(shown, col::blob_hash)));
  case v1::BACKUP_TABLE_CANCEL_REQUESTS:
    return said(is_good_cancel(shown, sums_), "a wish to cancel");
  case v1::BACKUP_TABLE_SIGNAL_REQUESTS:
    return said(is_good_signal(shown, sums_), "a signal");
  case v1::BACKUP_TABLE_DEAD_LETTERS:
    return said(is_good_letter(shown), "a dead letter");
  default:
    return "";
  }
}

void count_row(copied_rows& into, const stored_table& table, const std::string& wrong) {
  ++into.rows[table.name];
  if (wrong.empty()) return;
  if (++into.damaged <= most_damages_shown) into.damaged_shown.push_back(wrong);
}

} // namespace

v1::BackupHeader backup_header(const raw_store& from, v1::BackupKind kind) {
  v1::BackupHeader made;
  made.set_kind(kind);
  made.set_written_by("troupe");
  made.set_store(from.name());
  *made.mutable_time() = encode(std::chrono::system_clock::now());
  return made;
}

// --- backing up ----------------------------------------------------------------------------------

result<copied_rows> back_up(raw_store& from, const std::filesystem::path& file,
                            const store_watch& watch) {
  if (auto begun = from.begin_snapshot(); !begun) return tl::unexpected(std::move(begun.error()));
  auto into = backup_writer::create(file, backup_header(from, v1::BACKUP_KIND_BACKUP));
  if (!into) return tl::unexpected(std::move(into.error()));
  copied_rows made;
  row_watcher rows;
  for (const stored_table& table : stored_tables()) {
    const auto total = from.has(table)
                           ? count_rows(from, fmt::format("SELECT count(*) FROM {}", table.name))
                           : result<std::int64_t>{0};
    if (!total) return tl::unexpected(total.error());
    std::uint64_t done = 0;
    const auto copied = from.scan(table, "", {}, [&](row& shown) -> result<void> {
      count_row(made, table, rows.look(table, shown));
      if (auto go_on = watch.step(table.name, ++done, static_cast<std::uint64_t>(*total)); !go_on)
        return go_on;
      return into->add(table, shown);
    });
    if (!copied) return tl::unexpected(copied.error());
  }
  from.roll_back();
  if (auto finished = into->finish(); !finished) return tl::unexpected(std::move(finished.error()));
  made.size_bytes = into->size_bytes();
  return made;
}

// --- restoring -----------------------------------------------------------------------------------

namespace {

/// Rows on their way into a store, some at once.
class row_inserter {
public:
  explicit row_inserter(raw_store& into) : into_(into) {}
  result<void> add(const stored_table& table, row&& one) {
    if (table_ != &table)
      if (auto done = flush(); !done) return done;
    table_ = &table;
    for (const cell& each : one)
      if (const auto* held = std::get_if<std::string>(&each)) bytes_ += held->size();
    rows_.push_back(std::move(one));
    return rows_.size() < table.rows_at_once && bytes_ < most_bytes ? result<void>{} : flush();
  }
  result<void> flush() {
    bytes_ = 0;
    if (rows_.empty()) return {};
    auto done = into_.insert(*table_, rows_);
    rows_.clear();
    return done;
  }

private:
  static constexpr std::size_t most_bytes = std::size_t{4} << 20;
  raw_store& into_;
  const stored_table* table_ = nullptr;
  std::vector<row> rows_;
  std::size_t bytes_ = 0;
};

class restorer {
public:
  restorer(raw_store& into, const std::filesystem::path& file, restore_mode mode,
           const store_watch& watch)
      : into_(into), file_(file), mode_(mode), watch_(watch), rows_(into) {}
  result<restored_rows> restore();

private:
  result<void> verify();
  result<void> make_room();
  result<void> put(const stored_table& table, row& shown);
  /// Gives a run that is added a number of this store's. @returns whether it is added.
  result<bool> renumber(const stored_table& table, row& shown);
  result<bool> place_run(row& shown);
  result<bool> is_new_blob(const row& shown);
  [[nodiscard]] auto steps(const char* what) const {
    return [this, what](std::uint64_t at, std::uint64_t of) { return watch_.step(what, at, of); };
  }

  raw_store& into_;
  const std::filesystem::path& file_;
  const restore_mode mode_;
  const store_watch& watch_;
  /// Runs get numbers of this store.
  bool adding_ = false;
  row_inserter rows_;
  restored_rows made_;
  row_watcher looker_;
  checksummer sums_;
  /// Numbers here of the runs that are added, by their numbers there.
  std::unordered_map<std::int64_t, std::int64_t> numbers_;
  std::int64_t last_number_ = 0;
};

result<void> restorer::verify() {
  const auto about = backup_reader::open(file_);
  if (!about) return tl::unexpected(about.error());
  adding_ = mode_ == restore_mode::add || about->header().kind() == v1::BACKUP_KIND_ARCHIVE;
  const auto read = read_backup(
      file_, [](const stored_table&, row&) { return result<void>{}; }, steps("verifying"));
  if (!read) return tl::unexpected(read.error());
  return {};
}

result<void> restorer::make_room() {
  if (adding_) {
    const auto last = count_rows(into_, "SELECT coalesce(max(number), 0) FROM runs");
    if (!last) return tl::unexpected(last.error());
    last_number_ = *last;
  }
  if (mode_ == restore_mode::add) return {};
  for (const stored_table& table : stored_tables()) {
    const auto there = count_rows(into_, fmt::format("SELECT count(*) FROM {}", table.name));
    if (!there) return tl::unexpected(there.error());
    if (*there == 0) continue;
    if (mode_ == restore_mode::into_empty)
      return fail(workflow_errc::store_not_empty,
                  fmt::format("{} has {} rows in {}; name a new store, or take --force to replace "
                              "all that is there",
                              into_.name(), *there, table.name));
    if (auto gone = into_.execute(fmt::format("DELETE FROM {}", table.name), {}); !gone)
      return tl::unexpected(std::move(gone.error()));
  }
  return {};
}

result<bool> restorer::place_run(row& shown) {
  const auto there = count_rows(into_, "SELECT count(*) FROM runs WHERE run_id = ?1",
                                {sql_value::text(bytes_in(shown, col::run_id))});
  if (!there) return tl::unexpected(there.error());
  // An archive may have a run twice: whoever wrote it was killed before the run was out of the store.
  numbers_.erase(number_in(shown, col::run_number));
  if (*there > 0) return ++made_.skipped, false;
  // Its sum covers its number; what is damaged must not become good by a new one.
  if (!is_good_run(shown, sums_))
    return fail(workflow_errc::bad_backup,
                fmt::format("{}: the entry of run '{}' is not what was written; restore all of it "
                            "into a new store, and repair that",
                            file_.string(),
                            bytes_in(shown, col::run_id).substr(0, most_shown_of_id)));
  const std::int64_t number = ++last_number_;
  numbers_[number_in(shown, col::run_number)] = number;
  shown = row_of(entry_in(shown), number, sums_);
  return true;
}

result<bool> restorer::is_new_blob(const row& shown) {
  const auto there = count_rows(into_, "SELECT count(*) FROM blobs WHERE hash = ?1",
                                {sql_value::bytes(bytes_in(shown, col::blob_hash))});
  if (!there) return tl::unexpected(there.error());
  return *there == 0;
}

result<bool> restorer::renumber(const stored_table& table, row& shown) {
  const auto follow = [&](std::size_t column) {
    const auto found = numbers_.find(number_in(shown, column));
    if (found == numbers_.end()) return false;
    shown[column] = found->second;
    return true;
  };
  switch (table.id) {
  case v1::BACKUP_TABLE_BLOBS:
    return is_new_blob(shown);
  case v1::BACKUP_TABLE_RUNS:
    return place_run(shown);
  case v1::BACKUP_TABLE_EVENTS:
    return follow(col::event_run);
  case v1::BACKUP_TABLE_RUN_TAGS:
    return follow(col::tag_run);
  default:
    return false;
  }
}

result<void> restorer::put(const stored_table& table, row& shown) {
  std::string wrong = looker_.look(table, shown);
  if (adding_) {
    // A batch of an archive has blobs and runs in turn: what is looked for must be there.
    if (auto flushed = table.id <= v1::BACKUP_TABLE_RUNS ? rows_.flush() : result<void>{}; !flushed)
      return flushed;
    const auto wanted = renumber(table, shown);
    if (!wanted) return tl::unexpected(wanted.error());
    if (!*wanted) return {};
  }
  count_row(made_, table, wrong);
  return rows_.add(table, std::move(shown));
}

result<restored_rows> restorer::restore() {
  if (auto good = verify(); !good) return tl::unexpected(std::move(good.error()));
  if (auto begun = into_.begin_alone(); !begun) return tl::unexpected(std::move(begun.error()));
  auto done = make_room();
  if (done) {
    const auto read = read_backup(
        file_, [this](const stored_table& table, row& shown) { return put(table, shown); },
        steps("restoring"));
    if (!read) done = tl::unexpected(read.error());
  }
  if (done) done = rows_.flush();
  if (done) done = into_.finish_inserts();
  if (done) done = into_.commit();
  if (done) return std::move(made_);
  into_.roll_back();
  return tl::unexpected(std::move(done.error()));
}

} // namespace

result<restored_rows> restore(raw_store& into, const std::filesystem::path& file, restore_mode mode,
                              const store_watch& watch) {
  return restorer{into, file, mode, watch}.restore();
}

} // namespace troupe::workflow
