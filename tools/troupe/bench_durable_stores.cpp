#include "tools/troupe/bench_durable_stores.hpp"

#include "actors/workflow/sqlite_store.hpp"
#include "tools/troupe/cli_errc.hpp"

#include <array>
#include <sqlite3.h>
#include <utility>

namespace troupe::cli {

namespace {

class recorder_store final : public workflow::store {
public:
  recorder_store(std::unique_ptr<workflow::store> real, std::shared_ptr<row_recorder> into)
      : real_(std::move(real)), into_(std::move(into)) {}

  result<void> append(std::span<const workflow::append_batch> batches) override {
    auto appended = real_->append(batches);
    if (!appended) return appended;
    transaction_rows rows;
    for (const workflow::append_batch& batch : batches)
      for (const std::string_view each : batch.events)
        rows.push_back(each);
    into_->add(std::move(rows));
    return appended;
  }
  result<std::vector<std::string>> read(const std::string& run) override {
    return real_->read(run);
  }
  result<std::vector<workflow::run_entry>> list(const workflow::run_filter& filter) override {
    return real_->list(filter);
  }
  result<workflow::run_entry> find(const std::string& run) override { return real_->find(run); }
  result<std::uint64_t> claim(const std::string& run, time_point now) override {
    return real_->claim(run, now);
  }
  result<workflow::claims> claim_all(std::span<const std::string> run_ids,
                                     time_point now) override {
    return real_->claim_all(run_ids, now);
  }
  result<void> release(const std::string& run) override { return real_->release(run); }
  result<void> request_cancel(const workflow::cancel_request& wanted, time_point now) override {
    return real_->request_cancel(wanted, now);
  }
  result<std::vector<workflow::cancel_request>> cancel_requests() override {
    return real_->cancel_requests();
  }
  result<void> request_signal(const workflow::signal_request& wanted, time_point now) override {
    return real_->request_signal(wanted, now);
  }
  result<std::vector<workflow::signal_request>> signal_requests() override {
    return real_->signal_requests();
  }
  result<void> drop_signals(std::span<const std::string> ids) override {
    return real_->drop_signals(ids);
  }
  result<void> renew(time_point now) override { return real_->renew(now); }
  void release_all() noexcept override { real_->release_all(); }
  [[nodiscard]] const std::string& owner() const override { return real_->owner(); }
  [[nodiscard]] std::chrono::milliseconds lease_time() const override {
    return real_->lease_time();
  }

private:
  std::unique_ptr<workflow::store> real_;
  std::shared_ptr<row_recorder> into_;
};

/// SQLite as anybody would use it who wants rows inserted fast.
class bare_sqlite {
public:
  explicit bare_sqlite(const std::filesystem::path& file) {
    good_ = sqlite3_open_v2(file.c_str(), &handle_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                            nullptr) == SQLITE_OK &&
            sqlite3_exec(handle_, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL", nullptr,
                         nullptr, nullptr) == SQLITE_OK;
    prepare(begin_, "BEGIN IMMEDIATE");
    prepare(insert_,
            "INSERT INTO events (run, number, previous, bytes, checksum) VALUES (?1, ?2, ?3, "
            "?4, ?5)");
    prepare(commit_, "COMMIT");
  }
  ~bare_sqlite() {
    for (sqlite3_stmt* each : {begin_, insert_, commit_})
      sqlite3_finalize(each);
    sqlite3_close(handle_);
  }
  bare_sqlite(const bare_sqlite&) = delete;
  bare_sqlite& operator=(const bare_sqlite&) = delete;

  void insert(const transaction_rows& rows) {
    run(begin_);
    for (const std::string_view row : rows) {
      sqlite3_bind_int64(insert_, 1, 1);
      sqlite3_bind_int64(insert_, 2, id_ + 1);
      sqlite3_bind_int64(insert_, 3, id_++);
      sqlite3_bind_blob64(insert_, 4, row.data(), row.size(), SQLITE_STATIC);
      sqlite3_bind_blob64(insert_, 5, checksum_.data(), checksum_.size(), SQLITE_STATIC);
      run(insert_);
    }
    run(commit_);
  }
  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] const char* what() const { return sqlite3_errmsg(handle_); }

private:
  void prepare(sqlite3_stmt*& into, const char* sql) {
    good_ = good_ && sqlite3_prepare_v2(handle_, sql, -1, &into, nullptr) == SQLITE_OK;
  }
  void run(sqlite3_stmt* what) {
    good_ = good_ && sqlite3_step(what) == SQLITE_DONE;
    sqlite3_reset(what);
  }

  sqlite3* handle_ = nullptr;
  sqlite3_stmt *begin_ = nullptr, *insert_ = nullptr, *commit_ = nullptr;
  std::int64_t id_ = 0;
  std::array<unsigned char, 16> checksum_{0x5a};
  bool good_ = false;
};

} // namespace

void row_recorder::add(transaction_rows rows) {
  const std::lock_guard held{mutex_};
  taken_.push_back(std::move(rows));
}

std::vector<transaction_rows> row_recorder::take() {
  const std::lock_guard held{mutex_};
  return std::exchange(taken_, {});
}

std::unique_ptr<workflow::store> recording_store(std::unique_ptr<workflow::store> real,
                                                 std::shared_ptr<row_recorder> into) {
  return std::make_unique<recorder_store>(std::move(real), std::move(into));
}

namespace {

/// A new store file that SQLite alone goes on with: the tables are troupe's own.
result<std::unique_ptr<bare_sqlite>> open_bare(const std::filesystem::path& file) {
  // Its connection ends before the other one begins.
  if (auto made = workflow::open_sqlite_store(file); !made)
    return tl::unexpected(std::move(made.error()));
  return std::make_unique<bare_sqlite>(file);
}

result<void> check(const bare_sqlite& bare) {
  if (!bare.good()) return fail(cli_errc::bench_failed, std::string{"SQLite: "} + bare.what());
  return {};
}

} // namespace

result<bench_time> insert_bare(const std::filesystem::path& file,
                               const std::vector<transaction_rows>& transactions) {
  const auto bare = open_bare(file);
  if (!bare) return tl::unexpected(bare.error());
  const stopwatch timer;
  for (const transaction_rows& rows : transactions)
    (*bare)->insert(rows);
  const bench_time time = timer.elapsed();
  if (auto good = check(**bare); !good) return tl::unexpected(good.error());
  return time;
}

result<std::vector<double>> bare_transactions(const std::filesystem::path& file,
                                              const std::vector<transaction_rows>& transactions) {
  const auto bare = open_bare(file);
  if (!bare) return tl::unexpected(bare.error());
  std::vector<double> made;
  made.reserve(transactions.size());
  for (const transaction_rows& rows : transactions) {
    const stopwatch timer;
    (*bare)->insert(rows);
    made.push_back(timer.elapsed().wall_seconds * 1e6);
  }
  if (auto good = check(**bare); !good) return tl::unexpected(good.error());
  return made;
}

} // namespace troupe::cli
