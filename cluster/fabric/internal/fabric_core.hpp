#pragma once

#include "actors/runtime/agent_router.hpp"
#include "actors/runtime/agent_system.hpp"
#include "cluster/fabric/fabric.hpp"
#include "cluster/fabric/internal/session.hpp"

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

namespace troupe::cluster {

/// `fabric_metrics`, counted by many threads.
struct fabric_counters {
  using counter = std::atomic<std::uint64_t>;
  counter links_opened = 0, links_lost = 0, links_refused = 0;
  counter frames_sent = 0, frames_received = 0, bytes_sent = 0, bytes_received = 0;
  counter messages_sent = 0, messages_received = 0;
  counter not_allowed = 0, repeated = 0, refused_full = 0, bad_peers = 0;

  static void add(counter& one, std::uint64_t by = 1) {
    one.fetch_add(by, std::memory_order_relaxed);
  }
};

/// The inside of a fabric: the sessions with all peers, by name, and what they share. Any thread.
class fabric_core final : public agent_router, public std::enable_shared_from_this<fabric_core> {
public:
  fabric_core(agent_system& system, std::unique_ptr<transport> over, fabric_options options);

  [[nodiscard]] const fabric_options& options() const { return options_; }
  [[nodiscard]] const ingress& admission() const { return ingress_; }
  [[nodiscard]] agent_system& system() { return system_; }
  [[nodiscard]] timer& clock() { return system_.clock(); }
  [[nodiscard]] transport& over() { return *transport_; }
  [[nodiscard]] std::uint64_t incarnation() const { return incarnation_; }
  [[nodiscard]] bool stopped() const { return stopped_; }

  // -- agent_router
  [[nodiscard]] bool is_elsewhere(const envelope_header& header) override;
  std::optional<failure> send(message_ptr payload, std::shared_ptr<const call_context> context,
                              responder respond, bool one_way) override;

  // -- sessions
  [[nodiscard]] std::shared_ptr<session> find(const std::string& node) const;
  /// @returns nullptr when the fabric stops.
  [[nodiscard]] std::shared_ptr<session> find_or_make(const std::string& node);
  [[nodiscard]] std::vector<std::shared_ptr<session>> all() const;

  [[nodiscard]] result<std::string> listen(const std::string& address);
  void reach(const std::string& address, std::function<void(result<std::string>)> then);
  /// Opens a link where the session wants one.
  void dial(const std::shared_ptr<session>& to);
  void set_incarnation(std::uint64_t incarnation) { incarnation_ = incarnation; }
  void begin_anew();
  void lose(const std::string& node, std::uint64_t incarnation, const std::string& why);
  void admit(const std::string& node, std::uint64_t incarnation);

  /// Sees to it that `sweep` of the sessions is called soon.
  void want_sweep();
  void stop();

  fabric_counters counters;

private:
  [[nodiscard]] std::string node_for(const envelope_header& header) const;
  void sweep();

  agent_system& system_;
  const std::unique_ptr<transport> transport_;
  const fabric_options options_;
  const ingress ingress_;
  std::atomic<std::uint64_t> incarnation_ = 0;
  std::atomic<bool> stopped_ = false;
  std::atomic<bool> sweep_wanted_ = false;
  mutable std::shared_mutex mutex_;
  std::map<std::string, std::shared_ptr<session>, std::less<>> sessions_;
};

} // namespace troupe::cluster
