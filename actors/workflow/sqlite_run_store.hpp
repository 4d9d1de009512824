#pragma once

#include "actors/workflow/errors.hpp"
#include "actors/workflow/owner_locks.hpp"
#include "actors/workflow/sqlite_file.hpp"
#include "actors/workflow/sqlite_rows.hpp"
#include "actors/workflow/store.hpp"

#include <optional>
#include <unordered_map>

namespace troupe::workflow {

/// The store of `sqlite_store.hpp`: ownership in `sqlite_store.cpp`, appends in
/// `sqlite_append.cpp`, tags in `sqlite_tags.cpp`, wishes to cancel in `sqlite_cancel.cpp`, signals in `sqlite_signal.cpp`, the rest in
/// `sqlite_read.cpp`.
class sqlite_run_store final : public store {
public:
  /// @param locks none where the store is only read.
  sqlite_run_store(store_file opened, std::optional<owner_locks> locks, std::string file,
                   std::chrono::milliseconds lease);
  ~sqlite_run_store() override { release_all(); }
  sqlite_run_store(const sqlite_run_store&) = delete;
  sqlite_run_store& operator=(const sqlite_run_store&) = delete;

  /// Prepares the statements, and registers the owner where there is one.
  result<void> enter(time_point now);

  result<void> append(std::span<const append_batch> batches) override;
  result<std::vector<std::string>> read(const std::string& run_id) override;
  result<std::vector<run_entry>> list(const run_filter& filter) override;
  result<run_entry> find(const std::string& run_id) override;
  result<std::uint64_t> claim(const std::string& run_id, time_point now) override;
  result<claims> claim_all(std::span<const std::string> run_ids, time_point now) override;
  result<void> release(const std::string& run_id) override;
  result<void> request_cancel(const cancel_request& wanted, time_point now) override;
  result<std::vector<cancel_request>> cancel_requests() override;
  result<void> request_signal(const signal_request& wanted, time_point now) override;
  result<std::vector<signal_request>> signal_requests() override;
  result<void> drop_signals(std::span<const std::string> ids) override;
  result<void> renew(time_point now) override;
  void release_all() noexcept override;
  [[nodiscard]] const std::string& owner() const override { return owner_; }
  [[nodiscard]] std::chrono::milliseconds lease_time() const override { return lease_; }

private:
  /// A run of this owner: what an append need not look up.
  struct owned_run {
    std::int64_t number = 0;
    std::int64_t last_event = 0;
    /// As the last append left it in the row; absent: not known.
    std::optional<std::int32_t> status;
  };

  // sqlite_store.cpp
  result<std::int64_t> lock_slot();
  /// Within a transaction.
  result<std::uint64_t> claim_one(const std::string& run_id, time_point now);
  result<bool> is_alive(const std::string& owner, time_point now);
  /// @returns the write lock; `store_unavailable` where the store is only read.
  result<sqlite::transaction> begin_writing();

  // sqlite_append.cpp
  result<void> append_one(const append_batch& batch);
  result<std::int64_t> insert_run(const append_batch& batch);
  result<void> advance(const append_batch& batch, const owned_run& run);
  [[nodiscard]] error refusal(const append_batch& batch);
  result<void> insert_events(const append_batch& batch, owned_run& run);

  result<void> insert_event(const append_batch& batch, std::uint64_t sequence,
                            std::string_view event, owned_run& run);

  // sqlite_tags.cpp
  result<void> insert_tags(const run_entry& of, std::int64_t number);
  result<std::int64_t> count_tagged(const std::string& key, const std::string& value);
  result<std::vector<std::pair<std::string, std::string>>> order_tags(const run_filter& filter);

  // sqlite_cancel.cpp
  /// What is kept for runs that are closed has done its work.
  result<void> drop_settled();

  // sqlite_signal.cpp
  result<void> insert_signal(const signal_request& wanted, std::int64_t time_ms);
  result<signal_request> to_signal(const sqlite::statement& from);

  // sqlite_read.cpp
  result<run_row> find_row(const std::string& run_id);
  result<run_row> to_row(const sqlite::statement& from);
  result<std::vector<std::string>> read_events(const run_row& from);
  result<std::int64_t> read_event(const run_row& from, std::int64_t id, std::uint64_t due,
                                  std::string& into);
  result<void> put_blob_back(const run_row& from, std::uint64_t due, const std::string& hash,
                             std::int64_t at, std::string& into);
  [[nodiscard]] tl::unexpected<error> damaged(const std::string& what) const;

  std::string file_;
  std::string owner_;
  std::chrono::milliseconds lease_;
  sqlite::database database_;
  store_format format_;
  std::optional<owner_locks> locks_;
  statements statements_;
  checksummer sums_;
  bool entered_ = false;
  std::unordered_map<std::string, owned_run> owned_;
};

} // namespace troupe::workflow
