#include "actors/workflow/sqlite.hpp"

#include "actors/workflow/errors.hpp"

#include <cerrno>
#include <filesystem>
#include <fmt/format.h>
#include <sqlite3.h>

namespace troupe::workflow::sqlite {
namespace {

struct meaning {
  workflow_errc code;
  const char* remedy;
};

meaning meaning_of(int code) {
  switch (code & 0xff) {
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
    return {workflow_errc::store_busy, "another process holds it; wait for it, or end it"};
  case SQLITE_FULL:
    return {workflow_errc::store_full, "free space on its disk, then resume the runs"};
  case SQLITE_CONSTRAINT:
  case SQLITE_MISMATCH:
    return {workflow_errc::store_refused, "look with 'troupe store check'"};
  case SQLITE_CORRUPT:
    return {workflow_errc::store_damaged, "restore it from a backup"};
  case SQLITE_NOTADB:
    return {workflow_errc::store_foreign, "name another file; this one is no SQLite database"};
  case SQLITE_CANTOPEN:
  case SQLITE_PERM:
  case SQLITE_AUTH:
  case SQLITE_READONLY:
    return {workflow_errc::store_unavailable,
            "check that folder and file exist and may be written"};
  default:
    return {workflow_errc::store_io, "check its disk, then resume the runs"};
  }
}

/// The index of the log is mapped memory: no space for it is an I/O error to SQLite, not a full
/// disk.
bool is_full_disk(sqlite3* handle, int code) {
  const int reason = (code & 0xff) == SQLITE_IOERR ? sqlite3_system_errno(handle) : 0;
  return reason == ENOSPC || reason == EDQUOT;
}

tl::unexpected<error> refuse(sqlite3* handle, int code, std::string_view file) {
  const meaning what = meaning_of(is_full_disk(handle, code) ? SQLITE_FULL : code);
  return fail(what.code, fmt::format("{}: {} (SQLite {}); {}", file, sqlite3_errmsg(handle),
                                     sqlite3_extended_errcode(handle), what.remedy));
}

tl::unexpected<error> refuse(sqlite3* handle, int code) {
  const char* file = sqlite3_db_filename(handle, "main");
  return refuse(handle, code, file && *file ? file : "store");
}

} // namespace

// --- statement -----------------------------------------------------------------------------------

void statement::finalizer::operator()(sqlite3_stmt* prepared) const {
  sqlite3_finalize(prepared);
}

statement& statement::bind(int position, std::int64_t number) {
  sqlite3_bind_int64(held_.get(), position, number);
  return *this;
}

statement& statement::bind(int position, std::string_view text) {
  sqlite3_bind_text64(held_.get(), position, text.data() ? text.data() : "", text.size(),
                      SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

statement& statement::bind(int position, std::span<const unsigned char> blob) {
  // A null pointer would bind NULL, not an empty blob.
  sqlite3_bind_blob64(held_.get(), position,
                      blob.data() ? static_cast<const void*>(blob.data()) : "", blob.size(),
                      SQLITE_STATIC);
  return *this;
}

statement& statement::bind_row(const statement& at) {
  const int columns = sqlite3_column_count(at.held_.get());
  for (int i = 0; i < columns; ++i)
    sqlite3_bind_value(held_.get(), i + 1, sqlite3_column_value(at.held_.get(), i));
  return *this;
}

result<bool> statement::step() {
  const int code = sqlite3_step(held_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return refuse(sqlite3_db_handle(held_.get()), code);
}

result<void> statement::run() {
  const reset_guard done{*this};
  if (auto stepped = step(); !stepped) return tl::unexpected(std::move(stepped.error()));
  return {};
}

void statement::reset() {
  if (held_) sqlite3_reset(held_.get());
}

std::int64_t statement::number(int column) const {
  return sqlite3_column_int64(held_.get(), column);
}

std::string_view statement::text(int column) const {
  const auto* begin = reinterpret_cast<const char*>(sqlite3_column_text(held_.get(), column));
  return begin
             ? std::string_view{begin,
                                static_cast<std::size_t>(sqlite3_column_bytes(held_.get(), column))}
             : std::string_view{};
}

std::string_view statement::blob(int column) const {
  const auto* begin = static_cast<const char*>(sqlite3_column_blob(held_.get(), column));
  return begin
             ? std::string_view{begin,
                                static_cast<std::size_t>(sqlite3_column_bytes(held_.get(), column))}
             : std::string_view{};
}

// --- database ------------------------------------------------------------------------------------

void database::closer::operator()(sqlite3* handle) const {
  sqlite3_close_v2(handle);
}

namespace {

int flags_of(open_mode mode) {
  constexpr int always = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  switch (mode) {
  case open_mode::create:
    return always | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  case open_mode::existing:
    return always | SQLITE_OPEN_READWRITE;
  case open_mode::read_only:
    return always | SQLITE_OPEN_READONLY;
  case open_mode::read_only_still:
    return always | SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
  }
  return always;
}

/// The file as a URI with SQLite's word for "nobody writes it".
std::string still_uri(const std::string& file) {
  std::string made = "file:";
  for (const char each : std::filesystem::absolute(file).lexically_normal().string())
    if (each == '%' || each == '?' || each == '#')
      made += fmt::format("%{:02x}", static_cast<unsigned char>(each));
    else
      made += each;
  return made + "?immutable=1";
}

} // namespace

result<database> database::open(const std::string& file, open_mode mode,
                                std::chrono::milliseconds busy_timeout) {
  sqlite3* handle = nullptr;
  const std::string name = mode == open_mode::read_only_still ? still_uri(file) : file;
  const int code = sqlite3_open_v2(name.c_str(), &handle, flags_of(mode), nullptr);
  database made;
  made.handle_.reset(handle);
  if (!handle) return fail(workflow_errc::store_unavailable, file + ": no memory for a connection");
  // SQLite does not keep the name of a file that it could not open.
  if (code != SQLITE_OK) return refuse(handle, code, file);
  sqlite3_busy_timeout(handle, static_cast<int>(busy_timeout.count()));
  return made;
}

result<void> database::execute(const char* sql) {
  const int code = sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return refuse(handle_.get(), code);
  return {};
}

result<statement> database::prepare(std::string_view sql) {
  sqlite3_stmt* prepared = nullptr;
  const int code = sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &prepared, nullptr);
  if (code != SQLITE_OK) return refuse(handle_.get(), code);
  return statement{prepared};
}

result<std::int64_t> database::query_number(std::string_view sql) {
  auto prepared = prepare(sql);
  if (!prepared) return tl::unexpected(std::move(prepared.error()));
  auto row = prepared->step();
  if (!row) return tl::unexpected(std::move(row.error()));
  return *row ? prepared->number(0) : 0;
}

result<std::string> database::query_text(std::string_view sql) {
  auto prepared = prepare(sql);
  if (!prepared) return tl::unexpected(std::move(prepared.error()));
  auto row = prepared->step();
  if (!row) return tl::unexpected(std::move(row.error()));
  return std::string{*row ? prepared->text(0) : std::string_view{}};
}

bool database::is_read_only() const {
  return sqlite3_db_readonly(handle_.get(), "main") == 1;
}

result<void> database::copy_to(const std::string& file) {
  auto into = open(file, open_mode::create, std::chrono::milliseconds{0});
  if (!into) return tl::unexpected(std::move(into.error()));
  sqlite3* target = into->handle_.get();
  sqlite3_backup* copying = sqlite3_backup_init(target, "main", handle_.get(), "main");
  if (!copying) return refuse(target, sqlite3_errcode(target), file);
  const int stepped = sqlite3_backup_step(copying, -1);
  const int finished = sqlite3_backup_finish(copying);
  if (finished != SQLITE_OK) return refuse(target, finished, file);
  if (stepped != SQLITE_DONE) return refuse(target, stepped, file);
  return {};
}

std::int64_t database::last_id() const {
  return sqlite3_last_insert_rowid(handle_.get());
}

int database::changes() const {
  return sqlite3_changes(handle_.get());
}

// --- transaction ---------------------------------------------------------------------------------

result<transaction> transaction::begin(database& on) {
  if (auto begun = on.execute("BEGIN IMMEDIATE"); !begun)
    return tl::unexpected(std::move(begun.error()));
  return transaction{on};
}

transaction::~transaction() {
  // A failed statement may have rolled back already; then there is nothing to do, and SQLite says
  // so.
  if (on_) (void)on_->execute("ROLLBACK");
}

result<void> transaction::commit() {
  auto done = on_->execute("COMMIT");
  if (done) on_ = nullptr;
  return done;
}

} // namespace troupe::workflow::sqlite
