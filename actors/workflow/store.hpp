#pragma once

#include "actors/workflow/event_list.hpp"
#include "kernels/result.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace troupe::workflow {

/// What a store knows about a run without reading its history: enough to list, find and own it.
struct run_entry {
  std::string run_id;
  std::string workflow;
  std::string workflow_version;
  /// Number of `troupe.v1.RunStatus`.
  std::int32_t status = 0;
  std::chrono::system_clock::time_point started{};
  /// Zero while the run is open.
  std::chrono::system_clock::time_point closed{};
  /// Number of its last event.
  std::uint64_t version = 0;
  /// Who may append to it; empty when nobody.
  std::string owner;
  /// Fencing epoch: 1 when the run is made, and one more each time another owner claims it.
  std::uint64_t epoch = 1;
  /// Kept when the run is made; those of an entry that was read are not filled in.
  std::map<std::string, std::string> tags{};
};

/// Serialised events of one run that are to follow event number `expected_version`; numbers rise by
/// one from there.
struct append_batch {
  /// How the run's entry reads once the events are in; `version`, `owner` and `epoch` in it are the
  /// store's own business.
  run_entry entry;
  /// 0 makes the run; it must not exist then.
  std::uint64_t expected_version = 0;
  /// What `claim` gave, 1 for a run that this owner made: an append under an older one is refused.
  std::uint64_t epoch = 1;
  event_list events;
};

/// Somebody wants a run to end.
struct cancel_request {
  std::string run_id;
  std::string reason;
  /// How long its owner waits for the attempts that agents have.
  std::chrono::milliseconds grace{};
  /// Nothing is waited for, and nothing is undone.
  bool force = false;
};

/// Something that somebody wants a run to be told.
struct signal_request {
  /// Unique among all; the same one again changes nothing.
  std::string id;
  std::string run_id;
  std::string name;
  /// A serialised google.protobuf.Any.
  std::string payload;
};

/// What a store keeps of signals at most.
struct signal_bounds {
  static constexpr std::size_t name_bytes = 128;
  /// Room for the id of a run, and for one within it.
  static constexpr std::size_t id_bytes = 257;
  static constexpr std::size_t payload_bytes = std::size_t{256} << 10;
  /// Of one run, at once.
  static constexpr std::size_t kept = 1'000;
};

/// What became of the claims of several runs, in their order: an epoch, or why there is none.
using claims = std::vector<result<std::uint64_t>>;

/// Empty members do not restrict.
struct run_filter {
  std::vector<std::int32_t> statuses;
  std::string workflow;
  std::optional<std::chrono::system_clock::time_point> started_since;
  std::optional<std::chrono::system_clock::time_point> started_before{};
  /// Closed ones alone.
  std::optional<std::chrono::system_clock::time_point> closed_since{};
  /// Runs that have all of these.
  std::map<std::string, std::string> tags{};
  std::size_t limit = 1'000;
};

/// Keeps the histories of runs. One thread at a time; calls block (disk, locks), so they belong on
/// an owned thread.
///
/// Ownership: an opened store is one *owner* with a lease. A run belongs to at most one owner; only
/// its owner appends to it, and only under the epoch that its claim began. An owner that died (where the store can tell) or let its lease expire
/// loses its runs to whoever claims them, and its later appends to those are refused: the check is
/// in the transaction of the append.
class store {
public:
  using time_point = std::chrono::system_clock::time_point;
  virtual ~store() = default;

  /// Appends all batches, durably, or none of them. New runs belong to this owner.
  /// @returns `version_conflict`, `run_exists`, `ownership_lost` or `run_unknown` naming the run
  ///   (nothing was written, the store stays usable); `store_busy`, `store_full`, `store_io`,
  ///   `store_damaged` (nothing is durable).
  [[nodiscard]] virtual result<void> append(std::span<const append_batch> batches) = 0;

  /// The serialised events of a run from number 1, each checked.
  /// @returns `run_unknown`; `store_damaged` naming the first bad event.
  [[nodiscard]] virtual result<std::vector<std::string>> read(const std::string& run_id) = 0;

  /// Newest first.
  [[nodiscard]] virtual result<std::vector<run_entry>> list(const run_filter& filter) = 0;
  [[nodiscard]] virtual result<run_entry> find(const std::string& run_id) = 0;

  /// Makes this owner the run's owner. @returns the run's epoch from now on: unchanged where this
  ///   owner had the run already; `run_owned` while another owner that is alive has it.
  [[nodiscard]] virtual result<std::uint64_t> claim(const std::string& run_id, time_point now) = 0;
  /// The same for many, each by itself, in the order given: what a store can do at once it does so.
  /// @returns what `claim` would for each; the store's own failure where nothing was claimed.
  [[nodiscard]] virtual result<claims> claim_all(std::span<const std::string> run_ids,
                                                 time_point now) = 0;
  /// Gives one run free, where it is this owner's.
  [[nodiscard]] virtual result<void> release(const std::string& run_id) = 0;
  /// Keeps the wish that an open run be cancelled, durably, until it is closed; its owner looks for it. Of several the
  /// first's reason stays, with the shortest grace, and with force where one of them wants it. Not only for the owner.
  /// @returns `run_unknown`; `run_closed` for a run that is closed already, or compensates, unless it is to be forced.
  [[nodiscard]] virtual result<void> request_cancel(const cancel_request& wanted,
                                                    time_point now) = 0;
  /// The wishes there are, of open runs; some may be of runs that were closed since. Cheap where there is none.
  [[nodiscard]] virtual result<std::vector<cancel_request>> cancel_requests() = 0;
  /// Keeps a signal for an open run, durably, until its owner has recorded it. Of several with one id the first stays.
  /// Not only for the owner.
  /// @returns `run_unknown`; `run_closed`; `bad_signal` for one without id or name, or beyond `signal_bounds`;
  ///   `too_many_signals` where as many are kept for the run as may be.
  [[nodiscard]] virtual result<void> request_signal(const signal_request& wanted,
                                                    time_point now) = 0;
  /// The signals that are kept, the first one first; some may be of runs that were closed since. Cheap where there is
  /// none.
  /// @returns `store_damaged` naming the first one that is not what was written.
  [[nodiscard]] virtual result<std::vector<signal_request>> signal_requests() = 0;
  /// Lets go of signals that are recorded in their runs' histories: of all of them, or none. What is not kept is
  /// passed over.
  [[nodiscard]] virtual result<void> drop_signals(std::span<const std::string> ids) = 0;
  /// Prolongs this owner's lease to `now` plus the time to live it was opened with.
  [[nodiscard]] virtual result<void> renew(time_point now) = 0;
  /// Gives all runs of this owner free. Called by the destructor too.
  virtual void release_all() noexcept = 0;

  /// Name of this owner, unique among all there ever were.
  [[nodiscard]] virtual const std::string& owner() const = 0;
  /// How long a lease lasts without `renew`.
  [[nodiscard]] virtual std::chrono::milliseconds lease_time() const = 0;
  /// Whether calls may wait (for a disk, a lock, a server).
  [[nodiscard]] virtual bool waits() const { return true; }
};

} // namespace troupe::workflow
