#pragma once

#include "actors/workflow/postgres/schema.hpp"
#include "actors/workflow/postgres/session.hpp"
#include "actors/workflow/postgres_store.hpp"
#include "actors/workflow/stored_rows.hpp"

#include <optional>
#include <thread>
#include <unordered_map>
#include <vector>

namespace troupe::workflow::postgres {

inline constexpr statement find_run{
    "find_run", "SELECT number, run_id, workflow, workflow_version, status, started_us, closed_us, "
                "version, owner, epoch, checksum FROM runs WHERE run_id = $1"};
/// The same, and nobody else changes the row until the transaction ends.
inline constexpr statement lock_run{
    "lock_run", "SELECT number, run_id, workflow, workflow_version, status, started_us, closed_us, "
                "version, owner, epoch, checksum FROM runs WHERE run_id = $1 FOR NO KEY UPDATE"};

/// A run's row.
struct run_row {
  std::int64_t number = 0;
  run_entry entry;
};

/// The store of `postgres_store.hpp`: connections in `run_store.cpp`, ownership in `ownership.cpp`, appends in
/// `append.cpp`, wishes to cancel and signals in `requests.cpp`, the rest in `read.cpp`.
class run_store final : public store {
public:
  run_store(endpoint at, postgres_store_options options);
  ~run_store() override { release_all(); }
  run_store(const run_store&) = delete;
  run_store& operator=(const run_store&) = delete;

  /// Connects, makes or upgrades the schema, and registers the owner where there is one.
  result<void> enter();

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
  [[nodiscard]] std::chrono::milliseconds lease_time() const override {
    return options_.lease_time;
  }

private:
  // run_store.cpp
  outcome<void> connect();
  outcome<void> connect_until(std::chrono::steady_clock::time_point last);
  void disconnect();
  [[nodiscard]] result<void> check_writable() const;
  /// Carries `work` out, on a new connection where the old one is lost, and again where others stood in its way: `work`
  /// may be called several times, and finds out for itself whether it was done already.
  template <class T, class Work>
  result<T> carry_out(const Work& work);

  // ownership.cpp
  outcome<void> register_owner(time_point now);
  outcome<void> enter_again();
  outcome<std::int64_t> lock_session();
  outcome<void> drop_old_owners(time_point now);
  [[nodiscard]] failure owner_unknown() const;
  outcome<bool> is_alive(const std::string& owner, time_point now);
  outcome<std::uint64_t> claim_one(const std::string& run_id, time_point now);
  outcome<claims> claim_once(std::span<const std::string> run_ids, time_point now);

  // append.cpp
  struct group;
  outcome<bool> append_once(group& wanted);
  outcome<bool> settle_doubt();
  outcome<void> find_numbers(group& wanted);
  outcome<void> take_free_numbers(std::int64_t needed);
  parameters rows_of(const group& wanted);
  outcome<void> why_refused(std::span<const append_batch> batches);
  outcome<std::unordered_map<std::string, run_entry>>
  find_entries(std::span<const append_batch> of);
  void remember(const group& appended);

  // requests.cpp
  outcome<run_row> lock_open_run(const std::string& run_id, error (*closed)(const std::string&),
                                 bool or_compensating = false);
  outcome<std::vector<cancel_request>> read_cancel_requests();
  outcome<void> drop_settled();
  outcome<void> insert_signal(const signal_request& wanted, std::int64_t time_ms);
  outcome<signal_request> to_signal(const rows& from, std::size_t row);

  // read.cpp
  outcome<run_row> to_row(const rows& from, std::size_t row);
  outcome<run_row> find_row(const std::string& run_id, const statement& by = find_run);
  outcome<std::vector<std::string>> read_events(const run_row& of);
  outcome<void> put_blob_back(const rows& from, std::size_t at, const run_row& of,
                              std::string& into);
  [[nodiscard]] tl::unexpected<failure> damaged(const std::string& what) const;

  [[nodiscard]] const std::string& shown() const { return at_.shown(); }

  const endpoint at_;
  const postgres_store_options options_;
  /// Empty where the store is only read.
  const std::string owner_;
  std::optional<session> session_;
  schema_format format_ = newest_schema;
  checksummer sums_;
  bool entered_ = false;
  /// Numbers of this owner's runs.
  std::unordered_map<std::string, std::int64_t> numbers_;
  /// Numbers for new runs, taken and not used.
  std::vector<std::int64_t> free_numbers_;
  /// How many appends of this owner are committed, as far as it is known.
  std::int64_t commits_ = 0;
  /// The connection was lost while another one may have been.
  bool in_doubt_ = false;
};

template <class T, class Work>
result<T> run_store::carry_out(const Work& work) {
  constexpr int most_conflicts = 20;
  const auto last = std::chrono::steady_clock::now() + options_.reconnect_time;
  for (int conflicts = 0;;) {
    outcome<T> done = [&]() -> outcome<T> {
      if (auto there = connect_until(last); !there) return tl::unexpected(there.error());
      return work();
    }();
    if constexpr (std::is_void_v<T>) {
      if (done) return {};
    } else {
      if (done) return std::move(*done);
    }
    const failure& why = done.error();
    if (why.helps == failure::remedy::reconnect) disconnect();
    if (why.helps == failure::remedy::none || std::chrono::steady_clock::now() >= last ||
        (why.helps == failure::remedy::again && ++conflicts >= most_conflicts))
      return tl::unexpected(why.why);
    if (conflicts > 0) std::this_thread::sleep_for(std::chrono::milliseconds{conflicts});
  }
}

} // namespace troupe::workflow::postgres
