#include "actors/workflow/raw_store.hpp"

#include "actors/workflow/postgres/schema.hpp"
#include "actors/workflow/postgres/session.hpp"

#include <fmt/format.h>
#include <optional>

namespace troupe::workflow {
namespace postgres {
namespace {

/// What looks after a store takes as long as it takes, also between two statements.
constexpr const char* patience =
    "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = '1h'";

/// `?1` is `$1` here.
std::string with_dollars(std::string_view sql) {
  std::string made{sql};
  for (char& each : made)
    if (each == '?') each = '$';
  return made;
}

parameters parameters_of(const sql_values& values) {
  parameters made;
  for (const sql_value& each : values)
    if (each.kind == column_kind::number)
      made.add(std::get<std::int64_t>(each.held));
    else
      made.add_bytes(std::get<std::string>(each.held));
  return made;
}

cell cell_at(const rows& from, std::size_t at, int column, column_kind kind) {
  if (kind == column_kind::number) return number_at(from, at, column);
  return bytes_at(from, at, column);
}

class raw_schema final : public raw_store {
public:
  raw_schema(session opened, schema_format format)
      : session_(std::move(opened)), name_(session_.at().shown()), format_(format) {}
  ~raw_schema() override { roll_back(); }
  raw_schema(const raw_schema&) = delete;
  raw_schema& operator=(const raw_schema&) = delete;

  [[nodiscard]] const std::string& name() const override { return name_; }
  [[nodiscard]] std::string_view kind() const override { return "postgresql"; }
  [[nodiscard]] std::int64_t format() const override { return format_; }
  [[nodiscard]] bool has(const stored_table& table) const override {
    return format_ >= table.postgres_format;
  }
  result<void> begin_snapshot() override { return begin(transaction::kind::snapshot); }
  result<void> begin_writing() override { return begin(transaction::kind::writing); }
  result<void> begin_alone() override;
  result<void> commit() override;
  void roll_back() override { open_.reset(); }
  result<void> scan(const stored_table& table, std::string_view where, const sql_values& values,
                    const row_visitor& visit) override;
  result<std::vector<row>> query(std::string_view sql, const sql_values& values,
                                 std::span<const column_kind> kinds) override;
  result<std::int64_t> execute(std::string_view sql, const sql_values& values) override;
  result<void> insert(const stored_table& table, std::span<const row> of) override;
  result<void> finish_inserts() override;
  result<void> scan_events_of(std::int64_t run, const row_visitor& visit) override {
    return scan(table_of(v1::BACKUP_TABLE_EVENTS), "run = ?1", {run}, visit);
  }
  result<void> scan_closed_runs(std::string_view where, const sql_values& values, std::size_t most,
                                const row_visitor& visit) override {
    return scan_rows(table_of(v1::BACKUP_TABLE_RUNS), where, values,
                     fmt::format("closed_us, number LIMIT {}", most), visit);
  }
  result<std::vector<std::string>> erase_events(std::span<const std::int64_t> runs) override;
  result<std::uint64_t> collect_blobs(std::span<const std::string> hashes) override;
  result<void> prepare_search_of_events() override { return {}; }
  result<void> end_search_of_events() override { return {}; }
  /// The server has its own checksums and says so when it reads.
  result<std::vector<std::string>> faults() override { return std::vector<std::string>{}; }

private:
  result<void> begin(transaction::kind how);
  [[nodiscard]] result<rows> run(const std::string& sql, const parameters& with = {});
  [[nodiscard]] result<void> run_only(const std::string& sql, const parameters& with = {});
  [[nodiscard]] result<void> check_alone();
  [[nodiscard]] std::string columns_of(const stored_table& table) const;
  [[nodiscard]] result<void> scan_rows(const stored_table& table, std::string_view where,
                                       const sql_values& values, const std::string& order,
                                       const row_visitor& visit);

  session session_;
  const std::string name_;
  const schema_format format_;
  std::optional<transaction> open_;
  int cursors_ = 0;
};

result<rows> raw_schema::run(const std::string& sql, const parameters& with) {
  return session_.run(sql, with).map_error([](const failure& from) { return from.why; });
}

result<void> raw_schema::run_only(const std::string& sql, const parameters& with) {
  if (auto done = run(sql, with); !done) return tl::unexpected(std::move(done.error()));
  return {};
}

result<void> raw_schema::begin(transaction::kind how) {
  auto begun = transaction::begin(session_, how);
  if (!begun) return tl::unexpected(begun.error().why);
  open_.emplace(std::move(*begun));
  return {};
}

result<void> raw_schema::begin_alone() {
  if (auto begun = begin_writing(); !begun) return begun;
  auto alone = check_alone();
  if (!alone) roll_back();
  return alone;
}

result<void> raw_schema::check_alone() {
  // New owners wait for this lock; those that are there are alive as long as their sessions hold theirs.
  if (auto locked = run_only("LOCK TABLE owners, runs, events IN EXCLUSIVE MODE"); !locked)
    return locked;
  const auto alive =
      run("SELECT owner FROM owners WHERE NOT pg_try_advisory_xact_lock_shared(session)");
  if (!alive) return tl::unexpected(alive.error());
  if (alive->empty()) return {};
  return fail(workflow_errc::store_busy,
              fmt::format("{} is open in another process (owner {}); end that first", name_,
                          text_at(*alive, 0, 0)));
}

result<void> raw_schema::commit() {
  if (!open_) return {};
  auto done = open_->commit();
  if (!done) return tl::unexpected(done.error().why);
  open_.reset();
  return {};
}

std::string raw_schema::columns_of(const stored_table& table) const {
  if (table.id == v1::BACKUP_TABLE_EVENTS && format_ < 2)
    return "run, number, bytes, checksum, ''::bytea, 0";
  return column_list(table);
}

result<void> raw_schema::scan(const stored_table& table, std::string_view where,
                              const sql_values& values, const row_visitor& visit) {
  if (!has(table)) return {};
  return scan_rows(table, where, values, table.order, visit);
}

result<void> raw_schema::scan_rows(const stored_table& table, std::string_view where,
                                   const sql_values& values, const std::string& order,
                                   const row_visitor& visit) {
  const std::string cursor = fmt::format("reading_{}", ++cursors_);
  auto begun =
      run_only(with_dollars(fmt::format(
                   "DECLARE {} NO SCROLL CURSOR FOR SELECT {} FROM {}{}{} ORDER BY {}", cursor,
                   columns_of(table), table.name, where.empty() ? "" : " WHERE ", where, order)),
               parameters_of(values));
  if (!begun) return begun;
  row shown;
  for (;;) {
    const auto found = run(fmt::format("FETCH {} FROM {}", table.rows_at_once, cursor));
    if (!found) return tl::unexpected(found.error());
    if (found->empty()) return run_only("CLOSE " + cursor);
    for (std::size_t at = 0; at < found->size(); ++at) {
      shown.clear();
      for (std::size_t i = 0; i < table.columns.size(); ++i)
        shown.push_back(cell_at(*found, at, static_cast<int>(i), table.columns[i].kind));
      if (auto seen = visit(shown); !seen) return seen;
    }
  }
}

result<std::vector<row>> raw_schema::query(std::string_view sql, const sql_values& values,
                                           std::span<const column_kind> kinds) {
  const auto found = run(with_dollars(sql), parameters_of(values));
  if (!found) return tl::unexpected(found.error());
  std::vector<row> made;
  for (std::size_t at = 0; at < found->size(); ++at) {
    row& one = made.emplace_back();
    for (std::size_t i = 0; i < kinds.size(); ++i)
      one.push_back(cell_at(*found, at, static_cast<int>(i), kinds[i]));
  }
  return made;
}

result<std::int64_t> raw_schema::execute(std::string_view sql, const sql_values& values) {
  const auto done = run(with_dollars(sql), parameters_of(values));
  if (!done) return tl::unexpected(done.error());
  return static_cast<std::int64_t>(done->affected_rows());
}

result<void> raw_schema::insert(const stored_table& table, std::span<const row> of) {
  const bool is_run = table.id == v1::BACKUP_TABLE_RUNS;
  std::string types;
  for (std::size_t i = 0; i < table.columns.size(); ++i)
    types += fmt::format("{}${}::{}[]", i ? ", " : "", i + 1,
                         table.columns[i].kind == column_kind::number ? "bigint" : "bytea");
  const std::string sql =
      fmt::format("INSERT INTO {} ({}{}) SELECT *{} FROM unnest({})", table.name,
                  column_list(table), is_run ? ", owner" : "", is_run ? ", ''" : "", types);
  while (!of.empty()) {
    const auto some = of.first(std::min(of.size(), table.rows_at_once));
    of = of.subspan(some.size());
    parameters with;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      column all;
      for (const row& each : some)
        if (table.columns[i].kind == column_kind::number)
          all.add(number_in(each, i));
        else
          all.add_bytes(bytes_in(each, i));
      with.add(all);
    }
    if (auto done = run_only(sql, with); !done) return done;
  }
  return {};
}

/// Numbers that are given out later must be new.
result<void> raw_schema::finish_inserts() {
  return run_only("SELECT setval('run_numbers', greatest(nextval('run_numbers'), (SELECT "
                  "coalesce(max(number), 1) FROM runs))), setval('signal_numbers', "
                  "greatest(nextval('signal_numbers'), (SELECT coalesce(max(number), 1) FROM "
                  "signal_requests)))");
}

result<std::vector<std::string>> raw_schema::erase_events(std::span<const std::int64_t> runs) {
  column all;
  for (const std::int64_t run : runs)
    all.add(run);
  const auto gone = run("DELETE FROM events WHERE run = ANY ($1::bigint[]) RETURNING blob",
                        parameters{}.add(all));
  if (!gone) return tl::unexpected(gone.error());
  std::vector<std::string> hashes;
  for (std::size_t at = 0; at < gone->size(); ++at)
    if (auto hash = bytes_at(*gone, at, 0); !hash.empty()) hashes.push_back(std::move(hash));
  return hashes;
}

/// Whoever refers to a blob holds its row until his commit, so only what was committed before is seen once the rows are held
/// here: by a statement of its own, since each sees what was committed when it began.
result<std::uint64_t> raw_schema::collect_blobs(std::span<const std::string> hashes) {
  if (hashes.empty()) return std::uint64_t{0};
  column all;
  for (const std::string& each : hashes)
    all.add_bytes(each);
  if (auto held =
          run_only("SELECT hash FROM blobs WHERE hash = ANY ($1::bytea[]) ORDER BY hash FOR "
                   "UPDATE",
                   parameters{}.add(all));
      !held)
    return tl::unexpected(std::move(held.error()));
  const auto gone =
      run("DELETE FROM blobs b WHERE hash = ANY ($1::bytea[]) AND NOT EXISTS (SELECT "
          "FROM events WHERE blob = b.hash AND blob <> '') AND NOT EXISTS (SELECT FROM "
          "quarantine WHERE blob = b.hash AND blob <> '')",
          parameters{}.add(all));
  if (!gone) return tl::unexpected(gone.error());
  return static_cast<std::uint64_t>(gone->affected_rows());
}

} // namespace
} // namespace postgres

result<std::unique_ptr<raw_store>> open_raw_postgres(const std::string& address, bool read_only,
                                                     bool must_exist) {
  const auto at = postgres::endpoint::parse(address, "troupe");
  if (!at) return tl::unexpected(at.error());
  postgres::session_options options;
  options.read_only = read_only;
  auto opened = postgres::session::connect(*at, options);
  if (!opened) return tl::unexpected(opened.error().why);
  const auto format = postgres::open_schema(*opened, {must_exist, read_only});
  if (!format) return tl::unexpected(format.error().why);
  if (const auto set = opened->run(postgres::patience); !set)
    return tl::unexpected(set.error().why);
  return std::make_unique<postgres::raw_schema>(std::move(*opened), *format);
}

} // namespace troupe::workflow
