#pragma once

#include "cluster/fabric/transport.hpp"
#include "cluster/testing/internal/event_queue.hpp"
#include "cluster/testing/internal/link_side.hpp"
#include "cluster/testing/internal/node_clock.hpp"
#include "cluster/testing/memory_network.hpp"

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace troupe::cluster::testing {

/// A machine: what faults name.
struct host {
  std::string name;
  std::uint32_t number = 0;
  std::vector<std::shared_ptr<process>> processes;
  /// The sides elsewhere of links to here.
  std::map<std::uint64_t, link_side*> linked;
  /// Of its present life, once asked for.
  std::shared_ptr<node_clock> clock;
  /// How often it died.
  std::uint32_t lives = 0;
  /// How many faults pause it.
  int pauses = 0;
  /// What has waited since it was paused.
  std::vector<event> late;
  bool down = false;
  std::int32_t refused_ppm = 0;
  std::chrono::nanoseconds skew{0};
  std::int32_t drift_ppm = 0;
};

/// What one transport stands for.
struct process {
  node_identity who;
  host* at = nullptr;
  bool stopped = false;
  /// Without a word; nobody of it is called any more.
  bool dead = false;
  transport::acceptor accept;
  std::string address;
  /// In the order in which they were made.
  std::map<std::uint64_t, std::shared_ptr<link_side>> sides;
};

/// All of the network: nodes, links and what will happen, under one lock, which is not held while a listener is called.
/// One thread at a time runs what is due: the one that moves the virtual clock on, or the network's own.
class network_core final : public std::enable_shared_from_this<network_core> {
public:
  network_core(std::shared_ptr<timer> clock, network_options options);
  ~network_core();
  network_core(const network_core&) = delete;
  network_core& operator=(const network_core&) = delete;

  void end();
  [[nodiscard]] std::shared_ptr<process> add_process(node_identity who);
  [[nodiscard]] result<std::string> listen(const std::shared_ptr<process>& self,
                                           const std::string& address, transport::acceptor accept);
  void connect(const std::shared_ptr<process>& self, const std::string& address,
               std::shared_ptr<link_listener> listener);
  void stop(process& self);

  void send(link_side& from, std::string frame);
  void close(link_side& side, error why);
  void happen(link_side& side, event_kind kind, std::uint32_t epoch);

  // -- core_faults.cpp
  [[nodiscard]] std::uint64_t begin(const fault& what);
  void end_fault(std::uint64_t which);
  void play(const fault_plan& plan, std::function<void(const fault&, bool)> told);
  [[nodiscard]] std::shared_ptr<timer> clock(const std::string& node);
  [[nodiscard]] network_counters counters() const;
  void observe(std::function<void(const network_moment&)> seen);

private:
  friend node_clock;
  using lock_type = std::unique_lock<std::mutex>;
  using fault_id = std::uint64_t;

  // -- network_core.cpp: time
  [[nodiscard]] time_point now() const;
  void push(time_point when, event_kind kind, host* where, std::shared_ptr<event_target> to,
            std::uint32_t epoch = 0);
  void arm();
  void run_due(lock_type& lock);
  void run_one(lock_type& lock, event next);
  void serve();
  [[nodiscard]] bool runs_here() const { return runner_ == std::this_thread::get_id(); }
  template <class Call>
  void call_out(const host* where, const process* whose, Call call);

  // -- core_nodes.cpp: processes and addresses
  host& host_of(const std::string& name);
  [[nodiscard]] result<std::string> free_address(host& at, const std::string& wanted);
  [[nodiscard]] host* find_host(const std::string& address);
  [[nodiscard]] std::shared_ptr<process> listens_at(const std::string& address) const;
  void enroll(link_side& side, const std::shared_ptr<process>& owner);
  std::shared_ptr<process> dismiss(link_side& side);
  void discard(link_side& side);
  void close_all(process& self, lock_type& lock);

  // -- core_links.cpp: what happens on a link
  [[nodiscard]] std::shared_ptr<link_side> make_side(host* home, host* there);
  void request(const std::shared_ptr<link_side>& near, const std::string& address);
  void begin_close(link_side& side, error why, host* where);
  void depart(link_side& from, parcel sent);
  void append(link_side& to, parcel sent, time_point arrives);
  void expect_arrival(link_side& to);
  void arrive(link_side& to);
  void take_request(link_side& to);
  void take_opened(link_side& to);
  void refuse(link_side& to, error why);
  void finish(link_side& side, const error& why);
  void consumed(link_side& to, std::size_t bytes);

  // -- core_faults.cpp: what goes wrong
  class host_set {
  public:
    void add(const host& one);
    [[nodiscard]] bool contains(const host* one) const;

  private:
    std::vector<bool> has_;
  };
  struct trouble {
    fault what;
    std::vector<host*> nodes, others;
    host_set is_node, is_other;
    /// Of the nodes when it began: a pause ends with a life.
    std::vector<std::uint32_t> lives;
    [[nodiscard]] bool stands_between(const host* from, const host* to) const;
  };
  using leftovers = std::vector<std::shared_ptr<void>>;
  [[nodiscard]] std::vector<host*> hosts_of(const std::vector<std::string>& names);
  [[nodiscard]] fault_id begin_locked(const fault& what, leftovers& dropped);
  void end_locked(fault_id which);
  void apply(const trouble& of, bool begins, leftovers& dropped);
  void apply_at(host& at, const trouble& of, bool begins, leftovers& dropped);
  void set_pause(host& at, int change);
  void kill(host& at, leftovers& dropped);
  void vanish(link_side& side, leftovers& dropped);
  void set_shape(fault_id which, const trouble& of, bool begins);
  [[nodiscard]] const link_shape& shape_between(const host* from, const host* to) const;
  [[nodiscard]] bool passes(const host* from, const host* to) const;
  void look_at(host& at);
  void look_at(link_side& side);
  void watch(link_side& side, bool silent);
  void send_again(link_side& to);
  void doom(link_side& side);
  void note(std::string_view what, std::string_view from, std::string_view to,
            std::size_t bytes = 0);

  const network_options options_;
  const std::shared_ptr<timer> clock_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  event_queue events_;
  bool ended_ = false;
  /// Held by `run_due`, but for calls out.
  lock_type* running_ = nullptr;
  std::thread::id runner_;
  const process* calling_ = nullptr;
  const host* calling_at_ = nullptr;
  timer_handle armed_;
  time_point armed_for_ = time_point::max();

  std::map<std::string, std::unique_ptr<host>> hosts_;
  /// Who listens where; of processes that ended, the machine.
  struct place {
    host* at = nullptr;
    std::weak_ptr<process> who;
  };
  std::unordered_map<std::string, place> places_;
  std::uint64_t last_side_ = 0;
  std::uint32_t last_port_ = 49151;

  fault_id last_fault_ = 0;
  std::map<fault_id, trouble> troubles_;
  /// Of these the partitions and cuts.
  std::set<fault_id> cuts_;
  struct shape_in_force {
    fault_id by;
    link_shape shape;
  };
  /// By the numbers of two hosts, 0 for any.
  std::unordered_map<std::uint64_t, std::vector<shape_in_force>> shapes_;
  network_counters counters_;
  std::function<void(const network_moment&)> seen_;
  std::thread thread_;
};

} // namespace troupe::cluster::testing
