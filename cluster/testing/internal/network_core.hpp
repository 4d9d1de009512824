#pragma once

#include "cluster/fabric/transport.hpp"
#include "cluster/testing/internal/event_queue.hpp"
#include "cluster/testing/internal/link_side.hpp"
#include "cluster/testing/memory_network.hpp"

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace troupe::cluster::testing {

/// A machine: what faults name.
struct host {
  std::string name;
  std::vector<std::shared_ptr<process>> processes;
};

/// What one transport stands for.
struct process {
  node_identity who;
  host* at = nullptr;
  bool stopped = false;
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

private:
  using lock_type = std::unique_lock<std::mutex>;

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
  void call_out(const process* whose, Call call);

  // -- core_nodes.cpp: processes and addresses
  host& host_of(const std::string& name);
  [[nodiscard]] result<std::string> free_address(host& at, const std::string& wanted);
  [[nodiscard]] host* find_host(const std::string& address);
  [[nodiscard]] std::shared_ptr<process> listens_at(const std::string& address) const;
  void close_all(process& self, lock_type& lock);

  // -- core_links.cpp: what happens on a link
  [[nodiscard]] std::shared_ptr<link_side> make_side(host* home);
  void request(const std::shared_ptr<link_side>& near, const std::string& address);
  void begin_close(link_side& side, error why, host* where);
  void depart(link_side& from, parcel sent);
  void expect_arrival(link_side& to);
  void arrive(link_side& to);
  void take_request(link_side& to);
  void take_opened(link_side& to);
  void refuse(link_side& to, error why);
  void finish(link_side& side, const error& why);
  void consumed(link_side& to, std::size_t bytes);

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
  timer_handle armed_;
  time_point armed_for_ = time_point::max();

  std::unordered_map<std::string, std::unique_ptr<host>> hosts_;
  /// Who listens where; of processes that ended, the machine.
  struct place {
    host* at = nullptr;
    std::weak_ptr<process> who;
  };
  std::unordered_map<std::string, place> places_;
  std::uint64_t last_side_ = 0;
  std::uint32_t last_port_ = 49151;
  std::thread thread_;
};

} // namespace troupe::cluster::testing
