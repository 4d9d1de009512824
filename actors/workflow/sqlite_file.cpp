#include "actors/workflow/sqlite_file.hpp"

#include "actors/workflow/errors.hpp"
#include "actors/workflow/owner_locks.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <thread>
#include <unistd.h>

namespace troupe::workflow {
namespace {

namespace fs = std::filesystem;

bool is_there(const fs::path& file) {
  std::error_code ignored;
  return fs::exists(file, ignored);
}

fs::path folder_of(const fs::path& file) {
  return file.has_parent_path() ? file.parent_path() : ".";
}

bool has_log(const fs::path& file) {
  std::error_code failed;
  const auto size = fs::file_size(file.string() + "-wal", failed);
  return !failed && size > 0;
}

tl::unexpected<error> unavailable(const fs::path& file, std::string_view why) {
  return fail(workflow_errc::store_unavailable, fmt::format("{} {}", file.string(), why));
}

tl::unexpected<error> damaged_file(const fs::path& file, std::string_view why) {
  return fail(workflow_errc::store_damaged,
              fmt::format("{} {}; restore it from a backup", file.string(), why));
}

/// What SQLite would say less clearly.
result<void> check_place(const fs::path& file, bool must_exist) {
  std::error_code ignored;
  const auto status = fs::status(file, ignored);
  if (fs::is_directory(status)) return unavailable(file, "is a folder; name a file in it");
  if (fs::exists(status) && !fs::is_regular_file(status))
    return unavailable(file, "is no regular file; name another one");
  if (must_exist && !fs::exists(status))
    return unavailable(file, "is not there; check its name, or make a store by running a workflow");
  return {};
}

// --- opening -------------------------------------------------------------------------------------

result<sqlite::database> connect(const fs::path& file, const store_file_options& options) {
  using sqlite::open_mode;
  if (options.read_only) {
    // A store that was closed well has nothing in a log beside it; where no log can be made, it is
    // read without one. With a log that must be read SQLite's refusal is right.
    const bool still = access(folder_of(file).c_str(), W_OK) != 0 && !has_log(file);
    return sqlite::database::open(file.string(),
                                  still ? open_mode::read_only_still : open_mode::read_only,
                                  options.busy_timeout);
  }
  auto opened = sqlite::database::open(file.string(),
                                       options.must_exist ? open_mode::existing : open_mode::create,
                                       options.busy_timeout);
  if (opened && opened->is_read_only())
    return unavailable(file, "may not be written; change its permissions, or name another file");
  return opened;
}

/// Sets the connection up before anything is read by it.
result<file_kind> read_kind(sqlite::database& on) {
  auto set = on.execute(
      "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA synchronous = FULL;");
  if (!set) return tl::unexpected(std::move(set.error()));
  return kind_of(on);
}

/// The kind of a file that is a store or empty.
result<file_kind> check_kind(sqlite::database& on, const fs::path& file, bool was_used) {
  auto kind = read_kind(on);
  if (!kind && kind.error().code == workflow_errc::store_foreign && was_used)
    return damaged_file(file, "has been a store, but its header is not one's any more");
  if (!kind) return kind;
  if (kind->is_empty() && was_used)
    return damaged_file(file, "is empty, but has been a store (to begin anew, remove it and its "
                              "'-owners' file)");
  if (kind->is_empty()) return kind;
  if (!kind->is_store())
    return fail(
        workflow_errc::store_foreign,
        fmt::format("{} is the database of another program; name another file", file.string()));
  if (kind->format > newest_format)
    return fail(workflow_errc::store_newer,
                fmt::format("{} has format {}, this program knows formats up to {}; use a newer "
                            "troupe, or another file",
                            file.string(), kind->format, newest_format));
  const auto complete = has_tables(on, kind->format);
  if (!complete) return tl::unexpected(complete.error());
  if (!*complete) return damaged_file(file, "lacks tables that it must have");
  return kind;
}

/// SQLite does not wait for its lock here when several connections switch at once, so this does.
result<std::string> set_wal(sqlite::database& on, std::chrono::milliseconds busy_timeout) {
  const auto last = std::chrono::steady_clock::now() + busy_timeout;
  for (;;) {
    auto mode = on.query_text("PRAGMA journal_mode = WAL");
    const bool locked = !mode && mode.error().code == workflow_errc::store_busy;
    if (!locked || std::chrono::steady_clock::now() >= last) return mode;
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
  }
}

result<void> switch_to_wal(sqlite::database& on, const fs::path& file,
                           std::chrono::milliseconds busy_timeout) {
  const auto mode = set_wal(on, busy_timeout);
  if (!mode) return tl::unexpected(mode.error());
  // Refused without an error: file systems without shared memory.
  if (*mode != "wal")
    return unavailable(file, fmt::format("cannot have a write-ahead log (journal mode '{}'): its "
                                         "file system lacks shared memory; keep the store on a "
                                         "local disk",
                                         *mode));
  return on.execute("PRAGMA journal_size_limit = 67108864;");
}

// --- upgrading -----------------------------------------------------------------------------------

/// An older program that is still at work would write rows as it knows them.
result<void> check_unused(sqlite::database& on, const fs::path& file, store_format from) {
  auto locks = owner_locks::open(owners_file(file));
  if (!locks) return tl::unexpected(std::move(locks.error()));
  auto owners = on.prepare("SELECT slot FROM owners");
  if (!owners) return tl::unexpected(std::move(owners.error()));
  for (;;) {
    const auto more = owners->step();
    if (!more) return tl::unexpected(more.error());
    if (!*more) return {};
    if (locks->is_locked(owners->number(0)))
      return fail(workflow_errc::store_busy,
                  fmt::format("{} has format {} and is open in an older troupe; end that, then it "
                              "is upgraded to format {}",
                              file.string(), from, newest_format));
  }
}

/// A name that no earlier copy has: an upgrade may be repeated after an old copy was put back.
fs::path backup_name(const fs::path& file, store_format from) {
  const std::string first = fmt::format("{}.format-{}", file.string(), from);
  std::string name = first;
  for (int i = 2; is_there(name); ++i)
    name = fmt::format("{}-{}", first, i);
  return name;
}

/// Makes a rename durable.
void sync_folder(const fs::path& file) {
  const int folder = ::open(folder_of(file).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return;
  (void)::fsync(folder);
  ::close(folder);
}

/// Copies the store to a file beside it; that has its name only once it is whole. The caller has the
/// write lock, so nothing changes; SQLite wants another connection for the copying.
result<void> back_up(const fs::path& file, store_format from) {
  auto on = sqlite::database::open(file.string(), sqlite::open_mode::existing, {});
  if (!on) return tl::unexpected(std::move(on.error()));
  const fs::path name = backup_name(file, from);
  const fs::path partial = name.string() + ".partial";
  std::error_code failed;
  fs::remove(partial, failed);
  auto copied = on->copy_to(partial.string());
  if (copied) fs::rename(partial, name, failed);
  if (copied && !failed) return sync_folder(name), copied;
  std::error_code ignored;
  fs::remove(partial, ignored);
  if (copied) copied = fail(failed, name.string());
  copied.error().context =
      "the store is not upgraded, since no copy of it could be made: " + copied.error().context;
  return copied;
}

/// Makes the tables, or those of the newest format out of older ones.
result<void> bring_up_to_date(sqlite::database& on, const fs::path& file) {
  auto guard = sqlite::transaction::begin(on);
  if (!guard) return tl::unexpected(std::move(guard.error()));
  // Asked again under the lock: another process may have done it meanwhile.
  const auto id = on.query_number("PRAGMA application_id");
  const auto format = id ? on.query_number("PRAGMA user_version") : id;
  if (!format) return tl::unexpected(format.error());
  if (*format >= newest_format) return {};
  if (*format > 0) {
    if (auto unused = check_unused(on, file, *format); !unused) return unused;
    if (auto copied = back_up(file, *format); !copied) return copied;
  }
  if (auto migrated = migrate(on, *format); !migrated) return migrated;
  return guard->commit();
}

} // namespace

fs::path owners_file(const fs::path& store) {
  return store.string() + "-owners";
}

result<store_file> open_store_file(const fs::path& file, const store_file_options& options) {
  if (auto fits = check_place(file, options.must_exist || options.read_only); !fits)
    return tl::unexpected(std::move(fits.error()));
  const bool was_used = is_there(file) && is_there(owners_file(file));
  auto opened = connect(file, options);
  if (!opened) return tl::unexpected(std::move(opened.error()));
  const auto kind = check_kind(*opened, file, was_used);
  if (!kind) return tl::unexpected(kind.error());
  if (options.read_only) {
    if (kind->is_empty())
      return unavailable(file, "is empty; a store is made by running a workflow");
    return store_file{std::move(*opened), kind->format};
  }
  if (auto wal = switch_to_wal(*opened, file, options.busy_timeout); !wal)
    return tl::unexpected(std::move(wal.error()));
  if (kind->format < newest_format)
    if (auto ready = bring_up_to_date(*opened, file); !ready)
      return tl::unexpected(std::move(ready.error()));
  return store_file{std::move(*opened), newest_format};
}

} // namespace troupe::workflow
