#include "actors/workflow/postgres_dead_letters.hpp"

#include "actors/workflow/postgres/schema.hpp"
#include "actors/workflow/postgres/session.hpp"
#include "actors/workflow/stored_dead_letters.hpp"
#include "actors/workflow/stored_rows.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace troupe::workflow::postgres {
namespace {

constexpr const char* columns =
    "id, time_ms, agent_type, agent_key, payload_type_url, idempotency_key, failure, attempts, "
    "state, octet_length(payload)";

/// A call is tried so often where its connection is lost; each does its work once, however often it is tried.
constexpr int most_tries = 3;

error damaged(const session& on, const std::string& id) {
  return damaged_letter(id, on.at().shown(), "schema");
}

/// A row of `columns`, but for the bytes of its payload.
outcome<dead_letter> read_row(const session& on, const rows& from, std::size_t row) {
  dead_letter letter;
  letter.id = bytes_at(from, row, 0);
  letter.time = from_ms(number_at(from, row, 1));
  letter.target = {bytes_at(from, row, 2), bytes_at(from, row, 3)};
  letter.payload.type_url = bytes_at(from, row, 4);
  letter.idempotency_key = bytes_at(from, row, 5);
  if (!read_failure(bytes_at(from, row, 6), letter)) return refuse(damaged(on, letter.id));
  letter.attempts = static_cast<std::uint32_t>(number_at(from, row, 7));
  letter.state = static_cast<dead_letter_state>(number_at(from, row, 8));
  letter.size_bytes = static_cast<std::size_t>(number_at(from, row, 9));
  return letter;
}

parameters row_of(const dead_letter& letter) {
  const std::string why = failure_bytes(letter);
  parameters made;
  made.add_bytes(letter.id)
      .add(to_ms(letter.time))
      .add_bytes(letter.target.type)
      .add_bytes(letter.target.key)
      .add_bytes(letter.payload.type_url)
      .add_bytes(letter.payload.bytes)
      .add_bytes(letter.idempotency_key)
      .add_bytes(why)
      .add(std::int64_t{letter.attempts})
      .add(static_cast<std::int64_t>(letter.state))
      .add_bytes(view(sum_of(letter, why)));
  return made;
}

outcome<void> insert(session& on, const dead_letter& letter) {
  // A letter that is put away again is a new one.
  auto removed =
      on.run("DELETE FROM dead_letters WHERE id = $1", parameters{}.add_bytes(letter.id));
  if (!removed) return tl::unexpected(removed.error());
  auto inserted = on.run("INSERT INTO dead_letters (id, time_ms, agent_type, agent_key, "
                         "payload_type_url, payload, idempotency_key, failure, attempts, state, "
                         "checksum) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
                         row_of(letter));
  if (!inserted) return tl::unexpected(inserted.error());
  return {};
}

outcome<void> drop_least_wanted(session& on, std::size_t most) {
  auto dropped =
      on.run("DELETE FROM dead_letters WHERE id IN (SELECT id FROM dead_letters ORDER BY "
             "state, time_ms DESC, number DESC OFFSET $1)",
             parameters{}.add(static_cast<std::int64_t>(most)));
  if (!dropped) return tl::unexpected(dropped.error());
  return {};
}

class schema_dead_letters final : public dead_letter_store {
public:
  schema_dead_letters(std::string address, postgres_dead_letter_options options)
      : address_(std::move(address)), options_(std::move(options)) {}

  result<void> append(const dead_letter& letter) override;
  result<std::vector<dead_letter>> list(const dead_letter_filter& filter) override;
  result<std::optional<dead_letter>> find(const std::string& id) override;
  result<bool> mark_replayed(const std::string& id) override;
  result<bool> remove(const std::string& id) override;

private:
  /// Calls `work` with a session of its own.
  template <class T, class Work>
  result<T> carry_out(const schema_options& how, const Work& work) const;
  /// Runs a statement whose parameter is the id. @returns whether it changed a row.
  [[nodiscard]] result<bool> change(const std::string& sql, const std::string& id) const;

  const std::string address_;
  const postgres_dead_letter_options options_;
};

template <class T, class Work>
result<T> schema_dead_letters::carry_out(const schema_options& how, const Work& work) const {
  const auto at = endpoint::parse(address_, options_.schema);
  if (!at) return tl::unexpected(at.error());
  session_options wanted;
  wanted.read_only = how.read_only;
  wanted.allow_unsafe_server = options_.allow_unsafe_server;
  wanted.lock_timeout = options_.lock_timeout;
  for (int tries = 1;; ++tries) {
    outcome<T> done = [&]() -> outcome<T> {
      auto on = session::connect(*at, wanted);
      if (!on) return tl::unexpected(on.error());
      if (auto ready = open_schema(*on, how); !ready) return tl::unexpected(ready.error());
      return work(*on);
    }();
    if (done || done.error().helps == failure::remedy::none || tries == most_tries)
      return std::move(done).map_error([](const failure& from) { return from.why; });
  }
}

result<void> schema_dead_letters::append(const dead_letter& letter) {
  return carry_out<void>({}, [&](session& on) -> outcome<void> {
    auto guard = transaction::begin(on);
    if (!guard) return tl::unexpected(guard.error());
    if (auto inserted = insert(on, letter); !inserted) return inserted;
    if (auto dropped = drop_least_wanted(on, options_.most); !dropped) return dropped;
    return guard->commit();
  });
}

result<std::vector<dead_letter>> schema_dead_letters::list(const dead_letter_filter& filter) {
  using letters = std::vector<dead_letter>;
  return carry_out<letters>({true, true}, [&](session& on) -> outcome<letters> {
    const auto found =
        on.run(fmt::format("SELECT {} FROM dead_letters WHERE $1 = 0 OR state = $1 "
                           "ORDER BY time_ms DESC, number DESC LIMIT $2",
                           columns),
               parameters{}
                   .add(filter.state ? static_cast<std::int64_t>(*filter.state) : 0)
                   .add(static_cast<std::int64_t>(std::min<std::size_t>(filter.limit, 1'000'000))));
    if (!found) return tl::unexpected(found.error());
    letters made;
    for (std::size_t i = 0; i < found->size(); ++i) {
      auto letter = read_row(on, *found, i);
      if (!letter) return tl::unexpected(letter.error());
      made.push_back(std::move(*letter));
    }
    return made;
  });
}

result<std::optional<dead_letter>> schema_dead_letters::find(const std::string& id) {
  using maybe = std::optional<dead_letter>;
  return carry_out<maybe>({true, true}, [&](session& on) -> outcome<maybe> {
    const auto found =
        on.run(fmt::format("SELECT {}, payload, checksum FROM dead_letters WHERE id = $1", columns),
               parameters{}.add_bytes(id));
    if (!found) return tl::unexpected(found.error());
    if (found->empty()) return maybe{};
    auto letter = read_row(on, *found, 0);
    if (!letter) return tl::unexpected(letter.error());
    letter->payload.bytes = bytes_at(*found, 0, 10);
    if (view(sum_of(*letter, bytes_at(*found, 0, 6))) != bytes_at(*found, 0, 11))
      return refuse(damaged(on, id));
    return maybe{std::move(*letter)};
  });
}

result<bool> schema_dead_letters::mark_replayed(const std::string& id) {
  return change(fmt::format("UPDATE dead_letters SET state = {} WHERE id = $1",
                            static_cast<int>(dead_letter_state::replayed)),
                id);
}

result<bool> schema_dead_letters::remove(const std::string& id) {
  return change("DELETE FROM dead_letters WHERE id = $1", id);
}

result<bool> schema_dead_letters::change(const std::string& sql, const std::string& id) const {
  return carry_out<bool>({true, false}, [&](session& on) -> outcome<bool> {
    const auto changed = on.run(sql, parameters{}.add_bytes(id));
    if (!changed) return tl::unexpected(changed.error());
    return changed->affected_rows() > 0;
  });
}

} // namespace
} // namespace troupe::workflow::postgres

namespace troupe::workflow {

std::shared_ptr<dead_letter_store> postgres_dead_letters(std::string address,
                                                         postgres_dead_letter_options options) {
  return std::make_shared<postgres::schema_dead_letters>(std::move(address), std::move(options));
}

} // namespace troupe::workflow
