#pragma once

#include "actors/node.hpp"
#include "actors/runtime/executor.hpp"
#include "cluster/fabric/fabric.hpp"
#include "cluster/membership/membership_client.hpp"
#include "cluster/membership/membership_service.hpp"
#include "cluster/node/cluster_node.hpp"

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <string>

namespace troupe::cluster {

/// What a cluster node is made of, and what leads from one part to another. What members do is applied one thing after the
/// other on a thread of its own, since the engine may have to wait for its store.
class node_parts {
public:
  explicit node_parts(cluster_node_options options);
  ~node_parts();
  node_parts(const node_parts&) = delete;
  node_parts& operator=(const node_parts&) = delete;

  [[nodiscard]] result<void> start();
  [[nodiscard]] result<void> wait_until_member(std::chrono::milliseconds limit);
  [[nodiscard]] bool drain(std::chrono::milliseconds limit);
  void stop();

  [[nodiscard]] const std::string& name() const { return options_.config.name; }
  /// At a coordinator: no new work for that member.
  void drain_member(const member_key& which, std::function<void(reply<void>)> then);
  [[nodiscard]] std::uint64_t incarnation() const { return incarnation_; }
  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] view_ptr view() const;
  [[nodiscard]] node& here() { return *node_; }
  [[nodiscard]] fabric& net() { return *fabric_; }

private:
  [[nodiscard]] bool has(node_role role) const { return options_.config.roles.contains(role); }
  [[nodiscard]] result<std::unique_ptr<workflow::store>> open_store() const;
  [[nodiscard]] std::shared_ptr<workflow::member_table> member_table() const;
  [[nodiscard]] result<void> start_node();
  [[nodiscard]] result<void> start_fabric();
  [[nodiscard]] result<void> start_service();
  [[nodiscard]] member_record self_record() const;
  [[nodiscard]] membership_callbacks callbacks();
  [[nodiscard]] bool may_serve() const;
  [[nodiscard]] std::string locate(const envelope_header& header) const;

  // -- members; on the thread of `turns_`
  void post(std::function<void()> turn);
  void apply(const view_ptr& now, const std::vector<member_event>& events);
  void take_in(const member_record& one);
  void let_go(const member_record& one, bool lost);
  void recover_runs();
  void recover_later();

  // -- of nodes that are no coordinators: finding those
  void look_for_coordinators();
  void found(const std::string& coordinator, const std::string& address);
  void start_client();

  const cluster_node_options options_;
  std::shared_ptr<timer> clock_;
  std::unique_ptr<thread_pool> turns_;
  std::unique_ptr<node> node_;
  std::unique_ptr<fabric> fabric_;
  std::shared_ptr<membership_service> service_;
  /// Guarded by `mutex_`, as is what follows.
  std::shared_ptr<membership_client> client_;
  mutable std::mutex mutex_;
  std::condition_variable joined_;
  std::set<std::string> coordinators_;
  std::chrono::steady_clock::time_point client_began_{};
  std::string last_refusal_;
  std::string address_;
  std::atomic<std::uint64_t> incarnation_ = 0;
  std::atomic<bool> stopping_ = false;
  /// On the thread of `turns_` alone.
  bool looking_ = false;
};

} // namespace troupe::cluster
