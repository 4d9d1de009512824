#include "actors/workflow/live/snapshot_board.hpp"
#include "actors/workflow/live/snapshot_codec.hpp"
#include "actors/workflow/postgres/session.hpp"
#include "actors/workflow/postgres_store.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <utility>

namespace troupe::workflow::postgres {
namespace {

/// Who looks on is not to be waited for by anybody, nor to wait for long.
constexpr std::chrono::milliseconds patience{2'000};

constexpr const char* make_board = "CREATE UNLOGGED TABLE IF NOT EXISTS node_snapshots ("
                                   "owner text PRIMARY KEY, posted_us bigint NOT NULL, "
                                   "content bytea NOT NULL)";
/// By the server's clock alone.
constexpr const char* now_us = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint";

class schema_board final : public snapshot_board {
public:
  schema_board(std::string address, bool to_read)
      : address_(std::move(address)), to_read_(to_read) {}

  result<void> post(const std::string& owner, std::string_view bytes) override {
    return carry_out<void>([&](session& on) -> outcome<void> {
      if (!std::exchange(made_, true))
        if (auto done = on.run(make_board); !done) {
          made_ = false;
          return tl::unexpected(done.error());
        }
      static const std::string sql = fmt::format(
          "INSERT INTO node_snapshots (owner, posted_us, content) VALUES ($1, {0}, $2) ON CONFLICT "
          "(owner) DO UPDATE SET posted_us = excluded.posted_us, content = excluded.content",
          now_us);
      auto done = on.run(sql, parameters{}.add_name(owner).add_bytes(bytes));
      // The table may be gone: somebody restored the schema.
      if (!done) made_ = false;
      if (!done) return tl::unexpected(done.error());
      return {};
    });
  }

  void remove(const std::string& owner) noexcept override {
    if (!made_) return;
    (void)carry_out<void>([&](session& on) -> outcome<void> {
      auto done = on.run(fmt::format("DELETE FROM node_snapshots WHERE owner = $1 OR posted_us < "
                                     "{} - {}",
                                     now_us, left_behind_us),
                         parameters{}.add_name(owner));
      if (!done) return tl::unexpected(done.error());
      return {};
    });
  }

  result<board_content> read() override {
    return carry_out<board_content>([&](session& on) -> outcome<board_content> {
      const auto there = on.run("SELECT count(to_regclass('node_snapshots'))");
      if (!there) return tl::unexpected(there.error());
      if (number_of(*there) == 0) return board_content{};
      const auto found = on.run(fmt::format(
          "SELECT owner, content, {0} - posted_us FROM node_snapshots WHERE posted_us > {0} - {1} "
          "AND octet_length(content) <= {2} ORDER BY owner LIMIT {3}",
          now_us, std::chrono::microseconds{snapshot_lifetime}.count(), most_snapshot_bytes,
          most_snapshots));
      if (!found) return tl::unexpected(found.error());
      board_content made;
      for (std::size_t i = 0; i < found->size(); ++i)
        take_row(*found, i, made);
      return made;
    });
  }

private:
  static constexpr std::int64_t left_behind_us = 60'000'000;

  static void take_row(const rows& from, std::size_t row, board_content& into) {
    const std::string owner = text_at(from, row, 0);
    auto what = decode_snapshot(bytes_at(from, row, 1));
    const std::chrono::microseconds age{std::max<std::int64_t>(number_at(from, row, 2), 0)};
    if (what && what->owner == owner)
      into.nodes.push_back({std::move(*what), age});
    else
      into.unreadable.push_back(
          fmt::format("{}: {}", owner, what ? "it names another owner" : what.error().message()));
  }

  /// On the connection there is, and once more on a new one where that is lost.
  template <class T, class Work>
  result<T> carry_out(const Work& work) {
    for (bool again = session_.has_value();; again = false) {
      if (auto there = connect(); !there) return tl::unexpected(there.error().why);
      outcome<T> done = work(*session_);
      if (!done && done.error().helps == failure::remedy::reconnect) session_.reset();
      if (done || session_ || !again)
        return std::move(done).map_error([](const failure& from) { return from.why; });
    }
  }

  outcome<void> connect() {
    if (session_) return {};
    const auto at = endpoint::parse(address_, postgres_store_options{}.schema);
    if (!at) return refuse(at.error());
    session_options wanted;
    wanted.read_only = to_read_;
    wanted.allow_unsafe_server = true; // nothing here need be durable
    wanted.lock_timeout = patience;
    wanted.statement_timeout = patience;
    auto made = session::connect(*at, wanted);
    if (!made) return tl::unexpected(made.error());
    session_.emplace(std::move(*made));
    return {};
  }

  const std::string address_;
  const bool to_read_;
  std::optional<session> session_;
  bool made_ = false;
};

} // namespace
} // namespace troupe::workflow::postgres

namespace troupe::workflow {

std::unique_ptr<snapshot_board> open_postgres_board(std::string address, bool to_read) {
  return std::make_unique<postgres::schema_board>(std::move(address), to_read);
}

} // namespace troupe::workflow
