#pragma once

#include "actors/scheduling/placement/node_description.hpp"
#include "actors/scheduling/resources/ledger.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

namespace troupe::scheduling {

/// Of a node in a pool. They rise and none is given twice, so whoever comes back has another one.
using node_number = std::uint64_t;
/// Of a set of conditions on nodes: an agent, a name, a class.
using need_number = std::uint32_t;
/// Every node meets it.
inline constexpr need_number any_node = 0;

class node_group;

/// A node, and what it has at work.
struct pool_node {
  node_number number = 0;
  node_description is;
  ledger books;
  std::size_t in_flight = 0;
  /// Sum of what its attempts in flight are expected to take.
  double work_seconds = 0;
  /// When those that hold something are expected to end, on the clock of whoever starts them.
  std::unordered_map<ledger::grant_id, double> ends;
  node_group* in = nullptr;

  /// May be given an attempt.
  [[nodiscard]] bool is_open() const {
    return is.state == node_state::active && in_flight < is.places;
  }
  [[nodiscard]] double load() const { return per_place(static_cast<double>(in_flight)); }
  [[nodiscard]] double backlog_seconds() const { return per_place(work_seconds); }

private:
  [[nodiscard]] double per_place(double all) const {
    return is.places == 0 ? all : all / static_cast<double>(is.places);
  }
};

/// Nodes that are alike to whoever looks for one, of one class and with the same agents, in order: so the least loaded of
/// a hundred is found without looking at all of them.
class node_group {
public:
  struct entry {
    double by = 0;
    node_number number = 0;
    const pool_node* of = nullptr;
    friend bool operator<(const entry& a, const entry& b) {
      return std::tie(a.by, a.number) < std::tie(b.by, b.number);
    }
  };
  using order = std::set<entry>;

  [[nodiscard]] const std::string& node_class() const { return class_; }
  [[nodiscard]] const agent_offer& offers() const { return offers_; }
  /// All of them, by number.
  [[nodiscard]] const std::map<node_number, pool_node*>& members() const { return members_; }
  /// Those that are open: by their loads, and by their work at hand.
  [[nodiscard]] const order& by_load() const { return by_load_; }
  [[nodiscard]] const order& by_work() const { return by_work_; }
  /// Whether some open node may have as much free: where not, none has.
  [[nodiscard]] bool may_fit(const resource_vector& demand) const;
  /// No open node has had room for some demand: looks anew how much of each thing is free somewhere.
  void note_full();

private:
  friend class node_pool;
  void show(pool_node& one);
  void hide(const pool_node& one);
  void raise_bound(const resource_vector& free);

  std::string class_;
  agent_offer offers_;
  std::map<node_number, pool_node*> members_;
  struct shown {
    double load = 0, work = 0;
  };
  std::map<node_number, shown> shown_;
  order by_load_, by_work_;
  /// Of each resource at least as much as any open node has free.
  resource_vector bound_;
};

/// The nodes that attempts may run on: who they are, what each has, and what each has at work. No thread, no clock; one
/// thread at a time. Starting and ending takes time in the logarithm of the number of nodes.
class node_pool {
public:
  node_pool() = default;
  node_pool(const node_pool&) = delete; // nodes and groups point to each other
  node_pool& operator=(const node_pool&) = delete;
  ~node_pool();

  /// @param made of a name that no node here has.
  node_number add(node_description made);
  /// The same life of a node with other agents, places or state; what it has at work stays. Its resources stay as they are
  /// while anything is held of them.
  /// @param number of a node that is here.
  void update(node_number number, node_description now);
  void set_state(node_number number, node_state state);
  /// What it has at work is forgotten.
  void remove(node_number number);

  /// nullptr where there is none.
  [[nodiscard]] const pool_node* find(std::string_view name) const;
  [[nodiscard]] const pool_node* find(node_number number) const;
  /// By number.
  [[nodiscard]] const std::map<node_number, std::unique_ptr<pool_node>>& nodes() const {
    return nodes_;
  }
  /// Of the nodes that are active: all places, and those that are free.
  [[nodiscard]] std::size_t places() const { return places_; }
  [[nodiscard]] std::size_t free_places() const { return free_places_; }
  /// What all nodes have together.
  [[nodiscard]] const resource_vector& capacity() const { return capacity_; }
  /// Each class once.
  [[nodiscard]] std::vector<std::string> classes() const;
  /// Changes whenever there is another node or a node has changed; not with what they have at work.
  [[nodiscard]] std::uint64_t version() const { return version_; }

  /// An attempt begins on a node; the caller has seen that the node is open and the demand fits.
  /// @param expected_seconds that it will take.
  /// @param expected_end on the caller's clock, in seconds.
  /// @returns for `finish`; 0 for an empty demand.
  ledger::grant_id start(node_number on, const resource_vector& demand, std::string holder,
                         double expected_seconds, double expected_end);
  /// Nothing happens where the node is gone.
  void finish(node_number on, ledger::grant_id held, double expected_seconds);
  /// Gives everything back.
  void clear_work();

  /// Conditions by number: the same for the same, until `forget_needs`.
  [[nodiscard]] need_number need_of(std::string_view type, std::string_view key,
                                    std::string_view node, std::string_view node_class);
  [[nodiscard]] std::size_t needs() const { return needs_.size(); }
  /// Of those that nobody asks about any more.
  void forget_needs();
  /// Groups of which nodes may meet a need, those with other names included.
  [[nodiscard]] std::span<node_group* const> groups_for(need_number need);
  /// Whether a node meets a need, whatever its state.
  [[nodiscard]] bool meets(const pool_node& one, need_number need) const;
  /// The same of conditions without a number.
  [[nodiscard]] static bool is_as(const pool_node& one, std::string_view type, std::string_view key,
                                  std::string_view node, std::string_view node_class);
  /// The name that a need asks for; empty: any.
  [[nodiscard]] const std::string& name_in(need_number need) const { return needs_[need].node; }
  [[nodiscard]] const std::string& class_in(need_number need) const {
    return needs_[need].node_class;
  }
  /// Whether an active node meets the need and could hold the demand with nothing else at work.
  /// @param except a node that does not count.
  [[nodiscard]] bool could_hold(need_number need, const resource_vector& demand,
                                std::optional<node_number> except = {}) const;
  /// The active node that meets the need and is expected to have the demand free first, by when those at work end.
  [[nodiscard]] const pool_node* soonest(need_number need, const resource_vector& demand) const;
  /// The same by how little is missing now, for people.
  [[nodiscard]] const pool_node* nearest(need_number need, const resource_vector& demand) const;

private:
  struct need {
    std::string type, key, node, node_class;
    /// Of this version of the pool.
    std::uint64_t version = 0;
    std::vector<node_group*> groups;
  };

  [[nodiscard]] pool_node* node_at(node_number number);
  void join_group(pool_node& one);
  void leave_group(pool_node& one);
  void count(const pool_node& one, bool in);
  void count_capacity();

  std::map<node_number, std::unique_ptr<pool_node>> nodes_;
  /// The first that was added, which most is about where there is no other.
  pool_node* first_ = nullptr;
  std::map<std::string, pool_node*, std::less<>> names_;
  std::vector<std::unique_ptr<node_group>> groups_;
  std::vector<need> needs_{need{}};
  std::unordered_map<std::string, need_number> need_numbers_;
  std::size_t places_ = 0, free_places_ = 0;
  resource_vector capacity_;
  std::uint64_t version_ = 1;
  node_number last_ = 0;
};

} // namespace troupe::scheduling
