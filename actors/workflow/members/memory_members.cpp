#include "actors/workflow/errors.hpp"
#include "actors/workflow/members/member_rules.hpp"

#include <fmt/format.h>
#include <map>
#include <mutex>

namespace troupe::workflow {
namespace {

class memory_members final : public member_table {
public:
  explicit memory_members(memory_member_options options) : options_(std::move(options)) {}

  result<joined_member> join(const std::string& node, std::string_view details,
                             std::chrono::milliseconds lease) override;
  result<std::vector<bool>> renew(std::span<const member_key> members,
                                  std::chrono::milliseconds lease) override;
  result<bool> advance(const member_key& member, member_state to) override;
  result<bool> declare_dead(const member_lease_row& seen) override;
  result<std::vector<member_lease_row>> leases() override;
  result<member_changes> changes_since(std::uint64_t version) override;

private:
  struct entry {
    member_row row;
    clock::time_point changed;
    member_lease_row lease;
  };

  /// nullptr where it is no member.
  entry* find(const member_key& key);
  void change(entry& of, member_state to);
  void forget_old();

  const memory_member_options options_;
  std::mutex guard_;
  std::map<std::string, entry> entries_;
  std::uint64_t version_ = 0, forgotten_ = 0;
};

memory_members::entry* memory_members::find(const member_key& key) {
  const auto found = entries_.find(key.node);
  if (found == entries_.end() || found->second.row.key != key || is_gone(found->second.row.state))
    return nullptr;
  return &found->second;
}

void memory_members::change(entry& of, member_state to) {
  of.changed = options_.now();
  of.row.version = version_ = next_member_version(version_, of.changed);
  of.row.state = to;
}

void memory_members::forget_old() {
  const auto last = options_.now() - gone_members_kept;
  std::erase_if(entries_, [&](const auto& each) {
    const entry& of = each.second;
    if (!is_gone(of.row.state) || of.changed >= last) return false;
    forgotten_ = std::max(forgotten_, of.row.version);
    return true;
  });
}

result<joined_member> memory_members::join(const std::string& node, std::string_view details,
                                           std::chrono::milliseconds lease) {
  const std::lock_guard held{guard_};
  forget_old();
  if (!entries_.contains(node) && entries_.size() >= options_.most)
    return tl::unexpected(too_many_members(options_.most));
  entry& of = entries_[node];
  change(of, member_state::joining);
  of.row.key = {node, version_};
  of.row.joined = of.changed;
  of.row.details = details;
  of.lease = {of.row.key, 0, of.changed, of.changed + lease};
  return joined_member{version_, of.changed};
}

result<std::vector<bool>> memory_members::renew(std::span<const member_key> members,
                                                std::chrono::milliseconds lease) {
  const std::lock_guard held{guard_};
  const auto now = options_.now();
  std::vector<bool> renewed;
  for (const member_key& key : members) {
    entry* of = find(key);
    renewed.push_back(of != nullptr);
    if (of) of->lease = {key, of->lease.renewals + 1, now, now + lease};
  }
  return renewed;
}

result<bool> memory_members::advance(const member_key& member, member_state to) {
  const std::lock_guard held{guard_};
  entry* of = find(member);
  if (!of) return false;
  if (of->row.state < to) change(*of, to);
  return true;
}

result<bool> memory_members::declare_dead(const member_lease_row& seen) {
  const std::lock_guard held{guard_};
  entry* of = find(seen.key);
  if (!of || of->lease.renewals != seen.renewals || of->lease.lease_end > options_.now())
    return false;
  change(*of, member_state::dead);
  return true;
}

result<std::vector<member_lease_row>> memory_members::leases() {
  const std::lock_guard held{guard_};
  std::vector<member_lease_row> found;
  for (const auto& [node, of] : entries_)
    if (!is_gone(of.row.state)) found.push_back(of.lease);
  return found;
}

result<member_changes> memory_members::changes_since(std::uint64_t version) {
  const std::lock_guard held{guard_};
  const member_question asked{version, version_, forgotten_};
  member_changes made{version_, asked.complete, {}};
  for (const auto& [node, of] : entries_)
    if (of.row.version > asked.since && !(asked.complete && is_gone(of.row.state)))
      made.rows.push_back(of.row);
  std::ranges::sort(made.rows, {}, &member_row::version);
  return made;
}

} // namespace

error too_many_members(std::size_t most) {
  return {
      workflow_errc::store_full,
      fmt::format("there are {} nodes already, those that went within the last hour among them; "
                  "let fewer join, or wait",
                  most)};
}

std::function<member_table::clock::time_point()> make_lease_clock() {
  return [wall = std::chrono::system_clock::now(), start = std::chrono::steady_clock::now()] {
    return wall + std::chrono::duration_cast<member_table::clock::duration>(
                      std::chrono::steady_clock::now() - start);
  };
}

std::shared_ptr<member_table> make_memory_members(memory_member_options options) {
  return std::make_shared<memory_members>(std::move(options));
}

} // namespace troupe::workflow
