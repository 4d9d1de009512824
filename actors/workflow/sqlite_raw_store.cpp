#include "actors/workflow/errors.hpp"
#include "actors/workflow/owner_locks.hpp"
#include "actors/workflow/raw_store.hpp"
#include "actors/workflow/sqlite_file.hpp"
#include "actors/workflow/sqlite_rows.hpp"

#include <fmt/format.h>
#include <map>
#include <optional>
#include <unordered_map>

namespace troupe::workflow {
namespace {

constexpr store_format oldest_readable = 3;

void bind_value(sqlite::statement& to, int position, column_kind kind, const cell& value) {
  if (kind == column_kind::number)
    to.bind(position, std::get<std::int64_t>(value));
  else if (kind == column_kind::text)
    to.bind(position, std::string_view{std::get<std::string>(value)});
  else
    to.bind(position, bytes_of(std::get<std::string>(value)));
}

void bind_all(sqlite::statement& to, const sql_values& values) {
  for (std::size_t i = 0; i < values.size(); ++i)
    bind_value(to, static_cast<int>(i) + 1, values[i].kind, values[i].held);
}

cell read_cell(const sqlite::statement& from, int column, column_kind kind) {
  if (kind == column_kind::number) return from.number(column);
  return std::string{kind == column_kind::text ? from.text(column) : from.blob(column)};
}

class sqlite_raw_store final : public raw_store {
public:
  sqlite_raw_store(store_file opened, std::filesystem::path file)
      : file_(std::move(file)), name_(file_.string()), format_(opened.format),
        database_(std::move(opened.database)) {}
  ~sqlite_raw_store() override {
    statements_.clear();
    roll_back();
  }
  sqlite_raw_store(const sqlite_raw_store&) = delete;
  sqlite_raw_store& operator=(const sqlite_raw_store&) = delete;

  [[nodiscard]] const std::string& name() const override { return name_; }
  [[nodiscard]] std::string_view kind() const override { return "sqlite"; }
  [[nodiscard]] std::int64_t format() const override { return format_; }
  [[nodiscard]] bool has(const stored_table& table) const override {
    return format_ >= table.sqlite_format;
  }
  result<void> begin_snapshot() override;
  result<void> begin_writing() override;
  result<void> begin_alone() override;
  result<void> commit() override;
  void roll_back() override;
  result<void> scan(const stored_table& table, std::string_view where, const sql_values& values,
                    const row_visitor& visit) override;
  result<std::vector<row>> query(std::string_view sql, const sql_values& values,
                                 std::span<const column_kind> kinds) override;
  result<std::int64_t> execute(std::string_view sql, const sql_values& values) override;
  result<void> insert(const stored_table& table, std::span<const row> rows) override;
  result<void> finish_inserts() override;
  result<void> scan_events_of(std::int64_t run, const row_visitor& visit) override;
  result<void> scan_closed_runs(std::string_view where, const sql_values& values, std::size_t most,
                                const row_visitor& visit) override {
    return scan_rows(table_of(v1::BACKUP_TABLE_RUNS), where, values,
                     fmt::format("closed_us, number LIMIT {}", most), visit);
  }
  result<std::vector<std::string>> erase_events(std::span<const std::int64_t> runs) override;
  result<std::uint64_t> collect_blobs(std::span<const std::string> hashes) override;
  result<void> prepare_search_of_events() override {
    searching_ = true;
    return database_.execute("CREATE INDEX events_by_run ON events (run, number)");
  }
  result<void> end_search_of_events() override {
    searching_ = false;
    return database_.execute("DROP INDEX events_by_run");
  }
  result<std::vector<std::string>> faults() override;

private:
  [[nodiscard]] result<void> check_alone();
  [[nodiscard]] std::string columns_of(const stored_table& table) const;
  [[nodiscard]] result<sqlite::statement*> prepared(const std::string& sql);
  [[nodiscard]] result<void> insert_event(const row& from);
  [[nodiscard]] result<void> insert_row(const stored_table& table, const row& from);
  [[nodiscard]] result<void> scan_rows(const stored_table& table, std::string_view where,
                                       const sql_values& values, const std::string& order,
                                       const row_visitor& visit);
  [[nodiscard]] result<std::int64_t> last_event_of(std::int64_t run);
  [[nodiscard]] result<void> erase_chain(std::int64_t run, std::vector<std::string>& hashes);

  const std::filesystem::path file_;
  const std::string name_;
  const store_format format_;
  sqlite::database database_;
  bool begun_ = false;
  bool searching_ = false;
  /// Kept, since inserts are many.
  std::map<std::string, sqlite::statement> statements_;
  /// Id of the last event that was put in of each run.
  std::unordered_map<std::int64_t, std::int64_t> last_events_;
};

result<void> sqlite_raw_store::begin_snapshot() {
  auto begun = database_.execute("BEGIN");
  begun_ = begun.has_value();
  // The snapshot is of the first read.
  if (begun)
    if (auto seen = database_.query_number("SELECT count(*) FROM sqlite_master"); !seen)
      return tl::unexpected(std::move(seen.error()));
  return begun;
}

result<void> sqlite_raw_store::begin_writing() {
  auto begun = database_.execute("BEGIN IMMEDIATE");
  begun_ = begun.has_value();
  return begun;
}

result<void> sqlite_raw_store::begin_alone() {
  if (auto begun = begin_writing(); !begun) return begun;
  auto alone = check_alone();
  if (!alone) roll_back();
  return alone;
}

/// Whoever opens the store now waits for the lock of this transaction.
result<void> sqlite_raw_store::check_alone() {
  auto locks = owner_locks::open(owners_file(file_));
  if (!locks) return tl::unexpected(std::move(locks.error()));
  auto owners = database_.prepare("SELECT slot, owner FROM owners");
  if (!owners) return tl::unexpected(std::move(owners.error()));
  for (;;) {
    const auto more = owners->step();
    // Who they are cannot be read; whether there is one still can be told.
    if (!more && more.error().code == workflow_errc::store_damaged && !locks->is_any_locked())
      return {};
    if (!more) return tl::unexpected(more.error());
    if (!*more) return {};
    if (locks->is_locked(owners->number(0)))
      return fail(workflow_errc::store_busy,
                  fmt::format("{} is open in another process (owner {}); end that first", name_,
                              owners->text(1)));
  }
}

result<void> sqlite_raw_store::commit() {
  last_events_.clear();
  auto done = database_.execute("COMMIT");
  if (done) begun_ = false;
  return done;
}

void sqlite_raw_store::roll_back() {
  last_events_.clear();
  searching_ = false;
  if (std::exchange(begun_, false)) (void)database_.execute("ROLLBACK");
}

/// Columns that came later are what they are by default.
std::string sqlite_raw_store::columns_of(const stored_table& table) const {
  if (table.id == v1::BACKUP_TABLE_EVENTS && format_ < 6)
    return "run, number, bytes, checksum, x'', 0";
  return column_list(table);
}

result<void> sqlite_raw_store::scan(const stored_table& table, std::string_view where,
                                    const sql_values& values, const row_visitor& visit) {
  if (!has(table)) return {};
  // Events lie in the order of their commits, which is that of each run; to sort all of them would take their size again.
  const bool sorted = table.id != v1::BACKUP_TABLE_EVENTS || searching_;
  return scan_rows(table, where, values, sorted ? table.order : "id", visit);
}

result<void> sqlite_raw_store::scan_rows(const stored_table& table, std::string_view where,
                                         const sql_values& values, const std::string& order,
                                         const row_visitor& visit) {
  auto reading =
      database_.prepare(fmt::format("SELECT {} FROM {}{}{} ORDER BY {}", columns_of(table),
                                    table.name, where.empty() ? "" : " WHERE ", where, order));
  if (!reading) return tl::unexpected(std::move(reading.error()));
  bind_all(*reading, values);
  row shown;
  for (;;) {
    const auto more = reading->step();
    if (!more) return tl::unexpected(more.error());
    if (!*more) return {};
    shown.clear();
    for (std::size_t i = 0; i < table.columns.size(); ++i)
      shown.push_back(read_cell(*reading, static_cast<int>(i), table.columns[i].kind));
    if (auto seen = visit(shown); !seen) return seen;
  }
}

result<std::vector<row>> sqlite_raw_store::query(std::string_view sql, const sql_values& values,
                                                 std::span<const column_kind> kinds) {
  auto reading = database_.prepare(sql);
  if (!reading) return tl::unexpected(std::move(reading.error()));
  bind_all(*reading, values);
  std::vector<row> made;
  for (;;) {
    const auto more = reading->step();
    if (!more) return tl::unexpected(more.error());
    if (!*more) return made;
    row& one = made.emplace_back();
    for (std::size_t i = 0; i < kinds.size(); ++i)
      one.push_back(read_cell(*reading, static_cast<int>(i), kinds[i]));
  }
}

result<sqlite::statement*> sqlite_raw_store::prepared(const std::string& sql) {
  const auto known = statements_.find(sql);
  if (known != statements_.end()) return &known->second;
  auto made = database_.prepare(sql);
  if (!made) return tl::unexpected(std::move(made.error()));
  return &statements_.emplace(sql, std::move(*made)).first->second;
}

result<std::int64_t> sqlite_raw_store::execute(std::string_view sql, const sql_values& values) {
  const auto wanted = prepared(std::string{sql});
  if (!wanted) return tl::unexpected(wanted.error());
  bind_all(**wanted, values);
  if (auto done = (*wanted)->run(); !done) return tl::unexpected(std::move(done.error()));
  return database_.changes();
}

// --- inserts -------------------------------------------------------------------------------------

result<void> sqlite_raw_store::insert(const stored_table& table, std::span<const row> rows) {
  for (const row& each : rows)
    if (auto done =
            table.id == v1::BACKUP_TABLE_EVENTS ? insert_event(each) : insert_row(table, each);
        !done)
      return done;
  return {};
}

result<void> sqlite_raw_store::insert_row(const stored_table& table, const row& from) {
  const bool is_run = table.id == v1::BACKUP_TABLE_RUNS;
  std::string places;
  for (std::size_t i = 0; i < table.columns.size(); ++i)
    places += fmt::format("{}?{}", i ? ", " : "", i + 1);
  const auto into =
      prepared(fmt::format("INSERT INTO {} ({}{}) VALUES ({}{})", table.name, column_list(table),
                           is_run ? ", owner" : "", places, is_run ? ", ''" : ""));
  if (!into) return tl::unexpected(into.error());
  for (std::size_t i = 0; i < from.size(); ++i)
    bind_value(**into, static_cast<int>(i) + 1, table.columns[i].kind, from[i]);
  return (*into)->run();
}

/// Behind the one before it in its run.
result<void> sqlite_raw_store::insert_event(const row& from) {
  const auto into = prepared("INSERT INTO events (run, number, bytes, checksum, blob, blob_at, "
                             "previous) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
  if (!into) return tl::unexpected(into.error());
  const auto& table = table_of(v1::BACKUP_TABLE_EVENTS);
  for (std::size_t i = 0; i < from.size(); ++i)
    bind_value(**into, static_cast<int>(i) + 1, table.columns[i].kind, from[i]);
  std::int64_t& last = last_events_[number_in(from, col::event_run)];
  (*into)->bind(7, last);
  if (auto done = (*into)->run(); !done) return done;
  last = database_.last_id();
  return {};
}

result<void> sqlite_raw_store::finish_inserts() {
  for (const auto& [run, last] : last_events_)
    if (auto done = execute("UPDATE runs SET last_event = ?2 WHERE number = ?1", {run, last});
        !done)
      return tl::unexpected(std::move(done.error()));
  last_events_.clear();
  return {};
}

// --- erasing -------------------------------------------------------------------------------------

result<std::int64_t> sqlite_raw_store::last_event_of(std::int64_t run) {
  return count_rows(*this, "SELECT last_event FROM runs WHERE number = ?1", {run});
}

/// From the last event to the first, and shown the other way round: there is no index by run, since it would be written with
/// every event.
result<void> sqlite_raw_store::scan_events_of(std::int64_t run, const row_visitor& visit) {
  auto last = last_event_of(run);
  if (!last) return tl::unexpected(std::move(last.error()));
  const stored_table& table = table_of(v1::BACKUP_TABLE_EVENTS);
  const auto find = prepared(
      fmt::format("SELECT {}, previous FROM events WHERE id = ?1 AND run = ?2", columns_of(table)));
  if (!find) return tl::unexpected(find.error());
  std::vector<row> backwards;
  for (std::int64_t at = *last; at != 0;) {
    const sqlite::reset_guard done{**find};
    const auto there = (*find)->bind(1, at).bind(2, run).step();
    if (!there) return tl::unexpected(there.error());
    if (!*there) break;
    row& one = backwards.emplace_back();
    for (std::size_t i = 0; i < table.columns.size(); ++i)
      one.push_back(read_cell(**find, static_cast<int>(i), table.columns[i].kind));
    const std::int64_t previous = (*find)->number(static_cast<int>(table.columns.size()));
    if (previous >= at) break; // it would go round for ever
    at = previous;
  }
  for (auto each = backwards.rbegin(); each != backwards.rend(); ++each)
    if (auto seen = visit(*each); !seen) return seen;
  return {};
}

result<std::vector<std::string>>
sqlite_raw_store::erase_events(std::span<const std::int64_t> runs) {
  std::vector<std::string> hashes;
  for (const std::int64_t run : runs) {
    if (auto done = erase_chain(run, hashes); !done) return tl::unexpected(std::move(done.error()));
    if (!searching_) continue;
    if (auto rest = execute("DELETE FROM events WHERE run = ?1", {run}); !rest)
      return tl::unexpected(std::move(rest.error()));
  }
  return hashes;
}

result<void> sqlite_raw_store::erase_chain(std::int64_t run, std::vector<std::string>& hashes) {
  auto last = last_event_of(run);
  if (!last) return tl::unexpected(std::move(last.error()));
  const auto drop =
      prepared("DELETE FROM events WHERE id = ?1 AND run = ?2 RETURNING previous, blob");
  if (!drop) return tl::unexpected(drop.error());
  for (std::int64_t at = *last; at != 0;) {
    const sqlite::reset_guard done{**drop};
    const auto gone = (*drop)->bind(1, at).bind(2, run).step();
    if (!gone) return tl::unexpected(gone.error());
    if (!*gone) return {};
    at = (*drop)->number(0);
    if (!(*drop)->blob(1).empty()) hashes.emplace_back((*drop)->blob(1));
  }
  return {};
}

result<std::uint64_t> sqlite_raw_store::collect_blobs(std::span<const std::string> hashes) {
  std::uint64_t gone = 0;
  for (const std::string& hash : hashes) {
    const auto done =
        execute("DELETE FROM blobs WHERE hash = ?1 AND NOT EXISTS (SELECT 1 FROM events "
                "WHERE blob = ?1 AND blob != x'') AND NOT EXISTS (SELECT 1 FROM "
                "quarantine WHERE blob = ?1 AND blob != x'')",
                {sql_value::bytes(hash)});
    if (!done) return tl::unexpected(done.error());
    gone += static_cast<std::uint64_t>(*done);
  }
  return gone;
}

result<std::vector<std::string>> sqlite_raw_store::faults() {
  constexpr column_kind kinds[] = {column_kind::text};
  const auto said = query("PRAGMA integrity_check(100)", {}, kinds);
  if (!said) return tl::unexpected(said.error());
  std::vector<std::string> made;
  for (const row& each : *said)
    if (bytes_in(each, 0) != "ok") made.push_back(bytes_in(each, 0));
  return made;
}

} // namespace

result<std::unique_ptr<raw_store>> open_raw_sqlite(const std::filesystem::path& file,
                                                   bool read_only, bool must_exist) {
  store_file_options options;
  options.read_only = read_only;
  options.must_exist = must_exist;
  auto opened = open_store_file(file, options);
  if (!opened) return tl::unexpected(std::move(opened.error()));
  if (opened->format < oldest_readable)
    return fail(
        workflow_errc::store_unavailable,
        fmt::format("{} has format {}, which is too old for this; list its runs by an engine "
                    "or resume one, and it is upgraded",
                    file.string(), opened->format));
  return std::make_unique<sqlite_raw_store>(std::move(*opened), file);
}

} // namespace troupe::workflow
