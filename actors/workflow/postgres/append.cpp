#include "actors/workflow/postgres/run_store.hpp"
#include "actors/workflow/stored_blobs.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>

namespace troupe::workflow::postgres {
namespace {

/// Numbers for runs that are taken at once: the server logs its sequences in steps of so many.
constexpr std::int64_t numbers_at_once = 32;

/// A row that exists already: an event of that number, or a run of that number.
constexpr const char* unique_violation = "23505";

constexpr statement take_numbers{
    "take_numbers", "SELECT nextval('run_numbers') FROM generate_series(1, $1::bigint)"};
constexpr statement find_runs{
    "find_runs", "SELECT number, run_id, workflow, workflow_version, status, started_us, "
                 "closed_us, version, owner, epoch, checksum FROM runs WHERE run_id = ANY "
                 "($1::bytea[])"};
// Waits for a commit of an earlier session that is still under way.
constexpr statement read_commits{"read_commits",
                                 "SELECT commits FROM owners WHERE owner = $1 FOR UPDATE"};

// All of a group in one statement, however many runs and events there are. How many rows each part changed says whether
// everything fitted: the one check of owner, epoch and version.
constexpr statement append_group{"append_group", R"sql(
WITH counted AS (
  UPDATE owners SET commits = $2 WHERE owner = $1 AND commits = $2 - 1 RETURNING 1
), made AS (
  INSERT INTO runs (number, run_id, workflow, workflow_version, status, started_us, closed_us, version, owner, epoch,
                    checksum)
  SELECT number, run_id, workflow, workflow_version, status, started_us, closed_us, version, $1, 1, checksum
  FROM unnest($3::bigint[], $4::bytea[], $5::bytea[], $6::bytea[], $7::integer[], $8::bigint[], $9::bigint[],
              $10::bigint[], $11::bytea[])
    AS n (number, run_id, workflow, workflow_version, status, started_us, closed_us, version, checksum)
  ON CONFLICT (run_id) DO NOTHING RETURNING 1
), moved AS (
  UPDATE runs SET version = n.version, status = n.status, closed_us = n.closed_us, checksum = n.checksum
  FROM unnest($12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[], $16::integer[], $17::bigint[], $18::bytea[])
    AS n (number, expected, epoch, version, status, closed_us, checksum)
  WHERE runs.number = n.number AND runs.version = n.expected AND runs.epoch = n.epoch AND runs.owner = $1 RETURNING 1
), added AS (
  INSERT INTO events (run, number, bytes, checksum, blob, blob_at)
  SELECT * FROM unnest($19::bigint[], $20::bigint[], $21::bytea[], $22::bytea[], $23::bytea[], $24::bigint[]) RETURNING 1
), kept AS (
  INSERT INTO blobs (hash, bytes) SELECT * FROM unnest($25::bytea[], $26::bytea[])
  ON CONFLICT (hash) DO UPDATE SET uses = blobs.uses + 1
), tagged AS (
  INSERT INTO run_tags (key, value, started_us, run)
  SELECT * FROM unnest($27::bytea[], $28::bytea[], $29::bigint[], $30::bigint[])
)
SELECT (SELECT count(*) FROM counted), (SELECT count(*) FROM made), (SELECT count(*) FROM moved),
       (SELECT count(*) FROM added)
)sql"};

} // namespace

/// What a transaction appends, one part for each run.
struct run_store::group {
  struct part {
    std::int64_t number = 0;
    run_entry entry;
    std::uint64_t expected = 0, epoch = 1;
    std::vector<std::string_view> events;
  };
  std::vector<part> parts;
  std::int64_t made = 0, moved = 0;
  /// Whether nothing speaks against it that is known without the server.
  bool fits = true;

  explicit group(std::span<const append_batch> batches);
  void add(const append_batch& batch);
  void extend(part& with, const append_batch& batch);

private:
  std::unordered_map<std::string_view, std::size_t> of_run_;
};

run_store::group::group(std::span<const append_batch> batches) {
  parts.reserve(batches.size());
  for (const append_batch& batch : batches) {
    fits = fits && check_batch(batch);
    const auto [at, is_new] = of_run_.try_emplace(batch.entry.run_id, parts.size());
    is_new ? add(batch) : extend(parts[at->second], batch);
  }
}

void run_store::group::add(const append_batch& batch) {
  part& made_part =
      parts.emplace_back(part{0, batch.entry, batch.expected_version, batch.epoch, {}});
  made_part.events.assign(batch.events.begin(), batch.events.end());
  made_part.entry.version = batch.expected_version + batch.events.size();
  ++(batch.expected_version == 0 ? made : moved);
}

/// A run may be there twice: its batches follow one another, or do not fit.
void run_store::group::extend(part& with, const append_batch& batch) {
  fits = fits && batch.expected_version == with.entry.version && batch.epoch == with.epoch &&
         batch.expected_version > 0;
  with.events.insert(with.events.end(), batch.events.begin(), batch.events.end());
  with.entry = batch.entry;
  with.entry.version = batch.expected_version + batch.events.size();
}

namespace {

/// One column for each parameter of a part of `append_group`.
struct new_runs {
  column number, run_id, workflow, workflow_version, status, started, closed, version, sum;
};
struct known_runs {
  column number, expected, epoch, version, status, closed, sum;
};
struct new_events {
  column run, number, bytes, sum, blob, blob_at;
  /// By their hashes, so that sessions which have the same ones take their rows in the same order.
  std::map<std::string, std::string> blobs;
};
struct new_tags {
  column key, value, started, run;
};

void add_to(parameters& with, const new_runs& of) {
  for (const column* each : {&of.number, &of.run_id, &of.workflow, &of.workflow_version, &of.status,
                             &of.started, &of.closed, &of.version, &of.sum})
    with.add(*each);
}

void add_to(parameters& with, const known_runs& of) {
  for (const column* each :
       {&of.number, &of.expected, &of.epoch, &of.version, &of.status, &of.closed, &of.sum})
    with.add(*each);
}

void add_to(parameters& with, const new_events& of) {
  for (const column* each : {&of.run, &of.number, &of.bytes, &of.sum, &of.blob, &of.blob_at})
    with.add(*each);
  column hashes, payloads;
  for (const auto& [hash, payload] : of.blobs) {
    hashes.add_bytes(hash);
    payloads.add_bytes(payload);
  }
  with.add(hashes).add(payloads);
}

void add_to(parameters& with, const new_tags& of) {
  for (const column* each : {&of.key, &of.value, &of.started, &of.run})
    with.add(*each);
}

/// A large payload lies apart.
void add_event(new_events& to, std::string_view event) {
  auto cut = cut_payload(event);
  to.bytes.add_bytes(cut ? cut->rest : event);
  to.blob.add_bytes(cut ? cut->hash : std::string{});
  to.blob_at.add(cut ? static_cast<std::int64_t>(cut->at) : 0);
  if (cut) to.blobs.emplace(std::move(cut->hash), cut->payload);
}

void add_tags(new_tags& to, const run_entry& entry, std::int64_t number) {
  for (const auto& [key, value] : entry.tags) {
    to.key.add_bytes(key);
    to.value.add_bytes(value);
    to.started.add(to_us(entry.started));
    to.run.add(number);
  }
}

void add_row(new_runs& to, const run_entry& entry, std::int64_t number, const checksum& sum) {
  to.number.add(number);
  to.run_id.add_bytes(entry.run_id);
  to.workflow.add_bytes(entry.workflow);
  to.workflow_version.add_bytes(entry.workflow_version);
  to.status.add(entry.status);
  to.started.add(to_us(entry.started));
  to.closed.add(to_us(entry.closed));
  to.version.add(static_cast<std::int64_t>(entry.version));
  to.sum.add_bytes(view(sum));
}

} // namespace

/// The parameters of `append_group`.
parameters run_store::rows_of(const group& wanted) {
  new_runs made;
  known_runs moved;
  new_events added;
  new_tags tagged;
  for (const group::part& each : wanted.parts) {
    const checksum sum = sum_of(sums_, each.entry, each.number);
    if (each.expected == 0) {
      add_row(made, each.entry, each.number, sum);
      add_tags(tagged, each.entry, each.number);
    } else {
      moved.number.add(each.number);
      moved.expected.add(static_cast<std::int64_t>(each.expected));
      moved.epoch.add(static_cast<std::int64_t>(each.epoch));
      moved.version.add(static_cast<std::int64_t>(each.entry.version));
      moved.status.add(each.entry.status);
      moved.closed.add(to_us(each.entry.closed));
      moved.sum.add_bytes(view(sum));
    }
    std::uint64_t sequence = each.expected;
    for (const std::string_view event : each.events) {
      added.run.add(each.number);
      added.number.add(static_cast<std::int64_t>(++sequence));
      add_event(added, event);
      added.sum.add_bytes(view(sum_of(sums_, each.entry.run_id, sequence, event)));
    }
  }
  parameters with;
  with.add_name(owner_).add(commits_ + 1);
  add_to(with, made);
  add_to(with, moved);
  add_to(with, added);
  add_to(with, tagged);
  return with;
}

result<void> run_store::append(std::span<const append_batch> batches) {
  if (auto fits = check_writable(); !fits) return fits;
  if (batches.empty()) return {};
  bool tried = false; // what is in doubt is this append, not one before
  return carry_out<void>([&]() -> outcome<void> {
    group wanted{batches};
    if (in_doubt_) {
      const auto was_made = settle_doubt();
      if (!was_made) return tl::unexpected(was_made.error());
      if (*was_made && tried) return {};
    }
    auto done = append_once(wanted);
    tried = tried || in_doubt_;
    if (done && *done) return remember(wanted), outcome<void>{};
    if (!done) return tl::unexpected(done.error());
    return why_refused(batches);
  });
}

/// After a connection was lost in a commit: asks what became of it. Waits where it is still under way.
/// @returns whether it was made.
outcome<bool> run_store::settle_doubt() {
  const auto found = session_->run(read_commits, parameters{}.add_name(owner_));
  if (!found) return tl::unexpected(found.error());
  if (found->empty()) return tl::unexpected(owner_unknown());
  const std::int64_t there = number_of(*found);
  if (there != commits_ && there != commits_ + 1)
    return damaged(fmt::format("the server has {} commits of owner {}, {} were made: it lost what "
                               "it had confirmed, as a standby that took over too early does",
                               there, owner_, commits_));
  in_doubt_ = false;
  return std::exchange(commits_, there) != there;
}

/// @returns whether it was appended; if not, something of the group does not fit, and nothing was done.
outcome<bool> run_store::append_once(group& wanted) {
  auto guard = transaction::begin(*session_);
  if (!guard) return tl::unexpected(guard.error());
  if (auto known = find_numbers(wanted); !known) return tl::unexpected(known.error());
  if (!wanted.fits) return false;
  const auto changed = session_->run(append_group, rows_of(wanted));
  if (!changed && changed.error().sqlstate == unique_violation) return free_numbers_.clear(), false;
  if (!changed) return tl::unexpected(changed.error());
  if (number_at(*changed, 0, 0) != 1) return tl::unexpected(owner_unknown());
  if (number_at(*changed, 0, 1) != wanted.made || number_at(*changed, 0, 2) != wanted.moved)
    return false;
  in_doubt_ = true;
  auto done = guard->commit();
  // Where the server answered, there is no doubt.
  if (done || done.error().helps != failure::remedy::reconnect) in_doubt_ = false;
  if (!done) return tl::unexpected(done.error());
  ++commits_;
  return true;
}

/// Gives every run of the group its number; one that is not there does not fit.
outcome<void> run_store::find_numbers(group& wanted) {
  column unknown;
  bool some_unknown = false;
  for (const group::part& each : wanted.parts)
    if (each.expected > 0 && !numbers_.contains(each.entry.run_id)) {
      unknown.add_bytes(each.entry.run_id);
      some_unknown = true;
    }
  if (some_unknown) {
    const auto found = session_->run(find_runs, parameters{}.add(unknown));
    if (!found) return tl::unexpected(found.error());
    for (std::size_t i = 0; i < found->size(); ++i)
      numbers_.insert_or_assign(bytes_at(*found, i, 1), number_at(*found, i, 0));
  }
  if (auto enough = take_free_numbers(wanted.made); !enough) return enough;
  for (group::part& each : wanted.parts) {
    if (each.expected == 0) {
      each.number = free_numbers_.back();
      free_numbers_.pop_back();
    } else if (const auto known = numbers_.find(each.entry.run_id); known != numbers_.end()) {
      each.number = known->second;
    } else {
      wanted.fits = false;
    }
  }
  return {};
}

outcome<void> run_store::take_free_numbers(std::int64_t needed) {
  const auto there = static_cast<std::int64_t>(free_numbers_.size());
  if (there >= needed) return {};
  const auto taken =
      session_->run(take_numbers, parameters{}.add(std::max(needed - there, numbers_at_once)));
  if (!taken) return tl::unexpected(taken.error());
  for (std::size_t i = 0; i < taken->size(); ++i)
    free_numbers_.push_back(number_at(*taken, i, 0));
  return {};
}

void run_store::remember(const group& appended) {
  for (const group::part& each : appended.parts)
    if (each.entry.closed == time_point{})
      numbers_.insert_or_assign(each.entry.run_id, each.number);
    else
      numbers_.erase(each.entry.run_id);
}

/// The first batch that does not fit what the server has.
/// @returns to be tried again where all fit: it was otherwise a moment ago.
outcome<void> run_store::why_refused(std::span<const append_batch> batches) {
  auto there = find_entries(batches);
  if (!there) return tl::unexpected(there.error());
  for (const append_batch& batch : batches) {
    const auto [run, is_missing] = there->try_emplace(batch.entry.run_id);
    if (batch.expected_version == 0 && !is_missing)
      return refuse(run_is_there(batch.entry.run_id, shown()));
    if (batch.expected_version != 0 && is_missing)
      return refuse(no_such_run(batch.entry.run_id, shown()));
    if (is_missing) run->second = {batch.entry.run_id, "", "", 0, {}, {}, 0, owner_, 1};
    if (auto good = check_fits(batch, run->second, owner_); !good && !is_missing)
      return refuse(good.error());
    if (auto good = check_batch(batch); !good) return refuse(good.error());
    run->second.version += batch.events.size();
  }
  return tl::unexpected<failure>{
      failure{{workflow_errc::store_busy, shown() + ": other sessions keep changing these runs"},
              failure::remedy::again}};
}

outcome<std::unordered_map<std::string, run_entry>>
run_store::find_entries(std::span<const append_batch> of) {
  column ids;
  for (const append_batch& batch : of)
    ids.add_bytes(batch.entry.run_id);
  const auto found = session_->run(find_runs, parameters{}.add(ids));
  if (!found) return tl::unexpected(found.error());
  std::unordered_map<std::string, run_entry> made;
  for (std::size_t i = 0; i < found->size(); ++i) {
    auto row = to_row(*found, i);
    if (!row) return tl::unexpected(row.error());
    made.emplace(row->entry.run_id, row->entry);
  }
  return made;
}

} // namespace troupe::workflow::postgres
