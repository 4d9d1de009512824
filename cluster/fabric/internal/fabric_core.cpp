#include "cluster/fabric/internal/fabric_core.hpp"

#include "cluster/fabric/defaults.hpp"
#include "cluster/fabric/internal/peer_link.hpp"

#include <algorithm>
#include <spdlog/spdlog.h>
#include <utility>

namespace troupe::cluster {

fabric_core::fabric_core(agent_system& system, std::unique_ptr<transport> over,
                         fabric_options options)
    : system_(system), transport_(std::move(over)), options_(std::move(options)),
      ingress_(options_.rules) {}

std::string fabric_core::node_for(const envelope_header& header) const {
  if (!header.node.empty()) return header.node;
  return options_.locate ? options_.locate(header) : std::string{};
}

bool fabric_core::is_elsewhere(const envelope_header& header) {
  if (header.node.empty() && !options_.locate) return false;
  const std::string node = node_for(header);
  return !node.empty() && node != options_.self.node;
}

std::optional<failure> fabric_core::send(message_ptr payload,
                                         std::shared_ptr<const call_context> context,
                                         responder respond, bool one_way) {
  const std::string node = node_for(context->header());
  if (stopped_) return failure{"fabric.stopped", "the fabric stops", false};
  const auto to = find(node);
  if (!to)
    return failure{"fabric.unknown_node", "nobody has said where node " + node + " is", true};
  return to->send(payload, std::move(context), std::move(respond), one_way);
}

std::shared_ptr<session> fabric_core::find(const std::string& node) const {
  std::shared_lock lock{mutex_};
  const auto found = sessions_.find(node);
  return found == sessions_.end() ? nullptr : found->second;
}

std::shared_ptr<session> fabric_core::find_or_make(const std::string& node) {
  if (auto found = find(node)) return found;
  std::unique_lock lock{mutex_};
  if (stopped_) return nullptr;
  auto& made = sessions_[node];
  if (!made) made = std::make_shared<session>(shared_from_this(), node);
  return made;
}

std::vector<std::shared_ptr<session>> fabric_core::all() const {
  std::shared_lock lock{mutex_};
  std::vector<std::shared_ptr<session>> made;
  made.reserve(sessions_.size());
  for (const auto& [node, each] : sessions_)
    made.push_back(each);
  return made;
}

result<std::string> fabric_core::listen(const std::string& address) {
  return transport_->listen(
      address, [held = weak_from_this()](const link_peer&) -> std::shared_ptr<link_listener> {
        const auto self = held.lock();
        if (!self || self->stopped()) return nullptr;
        return std::make_shared<peer_link>(self);
      });
}

void fabric_core::reach(const std::string& address, std::function<void(result<std::string>)> then) {
  if (stopped_) return then(fail(fabric_errc::stopped, "the fabric stops"));
  transport_->connect(address,
                      std::make_shared<peer_link>(shared_from_this(), nullptr, std::move(then)));
}

void fabric_core::dial(const std::shared_ptr<session>& to) {
  if (stopped_) return;
  if (const auto address = to->begin_dialling())
    transport_->connect(*address, std::make_shared<peer_link>(shared_from_this(), to, nullptr));
}

void fabric_core::lose(const std::string& node, std::uint64_t incarnation, const std::string& why) {
  const auto lost = find_or_make(node);
  if (!lost || lost->state().incarnation > incarnation) return;
  // One more than it had: it is not let in again as what it was.
  static_cast<void>(lost->admit(incarnation + 1));
  if (const auto gone = lost->lose({"fabric.node_lost", "node " + node + " is gone: " + why, true}))
    gone->close("the node is lost: " + why);
}

void fabric_core::admit(const std::string& node, std::uint64_t incarnation) {
  const auto one = find_or_make(node);
  if (!one) return;
  if (const auto stale = one->admit(incarnation)) stale->close("of an earlier incarnation");
}

void fabric_core::begin_anew() {
  incarnation_ = 0;
  for (const auto& each : all())
    if (const auto gone = each->lose(
            {"fabric.node_lost", "this node is no member of its cluster any more", true}))
      gone->close("this node begins anew");
}

void fabric_core::want_sweep() {
  // Looked at before it is written: most often it is wanted already, by some other thread's message.
  if (stopped_ || sweep_wanted_.load(std::memory_order_relaxed) ||
      sweep_wanted_.exchange(true, std::memory_order_relaxed))
    return;
  clock().schedule_after(fabric_defaults::sweep, [held = weak_from_this()] {
    if (const auto self = held.lock()) self->sweep();
  });
}

void fabric_core::sweep() {
  sweep_wanted_ = false;
  if (stopped_) return;
  const auto now = clock().now();
  bool again = false;
  for (const auto& each : all())
    again = each->sweep(now) || again;
  if (again) want_sweep();
}

void fabric_core::stop() {
  if (stopped_.exchange(true)) return;
  transport_->stop();
  for (const auto& each : all())
    each->lose({"fabric.stopped", "the fabric stops", false});
  std::unique_lock lock{mutex_};
  sessions_.clear();
}

} // namespace troupe::cluster
