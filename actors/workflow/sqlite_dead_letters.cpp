#include "actors/workflow/sqlite_dead_letters.hpp"

#include "actors/workflow/errors.hpp"
#include "actors/workflow/sqlite_file.hpp"
#include "actors/workflow/sqlite_rows.hpp"
#include "actors/workflow/stored_dead_letters.hpp"
#include "actors/workflow/stored_rows.hpp"

#include <fmt/format.h>
#include <utility>

namespace troupe::workflow {
namespace {

/// Files of earlier formats have no dead letters.
constexpr store_format first_format = 2;

constexpr const char* columns =
    "id, time_ms, agent_type, agent_key, payload_type_url, idempotency_key, failure, "
    "attempts, state, length(payload)";

error damaged(const std::filesystem::path& file, const std::string& id) {
  return damaged_letter(id, file.string(), "file");
}

/// The row that a query of `columns` stands at, but for the bytes of its payload.
std::optional<dead_letter> read_row(const sqlite::statement& from) {
  dead_letter letter;
  letter.id = from.text(0);
  letter.time = from_ms(from.number(1));
  letter.target = {std::string{from.text(2)}, std::string{from.text(3)}};
  letter.payload.type_url = from.text(4);
  letter.idempotency_key = from.text(5);
  if (!read_failure(from.blob(6), letter)) return std::nullopt;
  letter.attempts = static_cast<std::uint32_t>(from.number(7));
  letter.state = static_cast<dead_letter_state>(from.number(8));
  letter.size_bytes = static_cast<std::size_t>(from.number(9));
  return letter;
}

class file_dead_letters final : public dead_letter_store {
public:
  file_dead_letters(std::filesystem::path file, sqlite_dead_letter_options options)
      : file_(std::move(file)), options_(options) {}

  result<void> append(const dead_letter& letter) override;
  result<std::vector<dead_letter>> list(const dead_letter_filter& filter) override;
  result<std::optional<dead_letter>> find(const std::string& id) override;
  result<bool> mark_replayed(const std::string& id) override;
  result<bool> remove(const std::string& id) override;

private:
  [[nodiscard]] result<store_file> open(bool must_exist, bool read_only = false) const {
    return open_store_file(file_, {must_exist, read_only, options_.busy_timeout});
  }
  [[nodiscard]] static result<void> insert(sqlite::database& on, const dead_letter& letter);
  [[nodiscard]] result<void> drop_least_wanted(sqlite::database& on) const;
  /// Runs a statement whose last parameter is the id. @returns whether it changed a row.
  [[nodiscard]] result<bool> change(std::string_view sql, const std::string& id) const;

  const std::filesystem::path file_;
  const sqlite_dead_letter_options options_;
};

result<void> file_dead_letters::append(const dead_letter& letter) {
  auto store = open(false);
  if (!store) return tl::unexpected(std::move(store.error()));
  auto guard = sqlite::transaction::begin(store->database);
  if (!guard) return tl::unexpected(std::move(guard.error()));
  if (auto inserted = insert(store->database, letter); !inserted) return inserted;
  if (auto dropped = drop_least_wanted(store->database); !dropped) return dropped;
  return guard->commit();
}

result<void> file_dead_letters::insert(sqlite::database& on, const dead_letter& letter) {
  auto statement = on.prepare(
      "INSERT OR REPLACE INTO dead_letters (id, time_ms, agent_type, agent_key, payload_type_url, "
      "payload, idempotency_key, failure, attempts, state, checksum) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  if (!statement) return tl::unexpected(std::move(statement.error()));
  const std::string why = failure_bytes(letter);
  const auto sum = sum_of(letter, why);
  return statement->bind(1, letter.id)
      .bind(2, to_ms(letter.time))
      .bind(3, letter.target.type)
      .bind(4, letter.target.key)
      .bind(5, letter.payload.type_url)
      .bind(6, bytes_of(letter.payload.bytes))
      .bind(7, letter.idempotency_key)
      .bind(8, bytes_of(why))
      .bind(9, std::int64_t{letter.attempts})
      .bind(10, static_cast<std::int64_t>(letter.state))
      .bind(11, sum)
      .run();
}

result<void> file_dead_letters::drop_least_wanted(sqlite::database& on) const {
  auto statement = on.prepare("DELETE FROM dead_letters WHERE id IN (SELECT id FROM dead_letters "
                              "ORDER BY state, time_ms DESC, rowid DESC LIMIT -1 OFFSET ?)");
  if (!statement) return tl::unexpected(std::move(statement.error()));
  return statement->bind(1, static_cast<std::int64_t>(options_.most)).run();
}

result<std::vector<dead_letter>> file_dead_letters::list(const dead_letter_filter& filter) {
  auto store = open(true, true);
  if (!store) return tl::unexpected(std::move(store.error()));
  std::vector<dead_letter> letters;
  if (store->format < first_format) return letters;
  auto query =
      store->database.prepare(fmt::format("SELECT {} FROM dead_letters WHERE ?1 = 0 OR state = ?1 "
                                          "ORDER BY time_ms DESC, rowid DESC LIMIT ?2",
                                          columns));
  if (!query) return tl::unexpected(std::move(query.error()));
  query->bind(1, filter.state ? static_cast<std::int64_t>(*filter.state) : 0)
      .bind(2, static_cast<std::int64_t>(filter.limit));
  for (;;) {
    const auto more = query->step();
    if (!more) return tl::unexpected(more.error());
    if (!*more) return letters;
    auto letter = read_row(*query);
    if (!letter) return tl::unexpected(damaged(file_, std::string{query->text(0)}));
    letters.push_back(std::move(*letter));
  }
}

result<std::optional<dead_letter>> file_dead_letters::find(const std::string& id) {
  auto store = open(true, true);
  if (!store) return tl::unexpected(std::move(store.error()));
  if (store->format < first_format) return std::nullopt;
  auto query = store->database.prepare(
      fmt::format("SELECT {}, payload, checksum FROM dead_letters WHERE id = ?", columns));
  if (!query) return tl::unexpected(std::move(query.error()));
  const auto found = query->bind(1, id).step();
  if (!found) return tl::unexpected(found.error());
  if (!*found) return std::nullopt;
  auto letter = read_row(*query);
  if (!letter) return tl::unexpected(damaged(file_, id));
  letter->payload.bytes = query->blob(10);
  if (view(sum_of(*letter, query->blob(6))) != query->blob(11))
    return tl::unexpected(damaged(file_, id));
  return letter;
}

result<bool> file_dead_letters::mark_replayed(const std::string& id) {
  return change(fmt::format("UPDATE dead_letters SET state = {} WHERE id = ?",
                            static_cast<int>(dead_letter_state::replayed)),
                id);
}

result<bool> file_dead_letters::remove(const std::string& id) {
  return change("DELETE FROM dead_letters WHERE id = ?", id);
}

result<bool> file_dead_letters::change(std::string_view sql, const std::string& id) const {
  auto store = open(true);
  if (!store) return tl::unexpected(std::move(store.error()));
  auto statement = store->database.prepare(sql);
  if (!statement) return tl::unexpected(std::move(statement.error()));
  if (auto ran = statement->bind(1, id).run(); !ran) return tl::unexpected(std::move(ran.error()));
  return store->database.changes() > 0;
}

} // namespace

std::shared_ptr<dead_letter_store> sqlite_dead_letters(std::filesystem::path file,
                                                       sqlite_dead_letter_options options) {
  return std::make_shared<file_dead_letters>(std::move(file), options);
}

} // namespace troupe::workflow
