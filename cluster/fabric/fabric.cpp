#include "cluster/fabric/fabric.hpp"

#include "cluster/fabric/internal/fabric_core.hpp"

#include <utility>

namespace troupe::cluster {

fabric::fabric(std::shared_ptr<fabric_core> core) : core_(std::move(core)) {}

fabric::~fabric() {
  stop();
}

result<std::unique_ptr<fabric>> fabric::start(agent_system& system, std::unique_ptr<transport> over,
                                              fabric_options options) {
  if (!over) return fail(fabric_errc::bad_option, "a fabric without a transport");
  if (auto ok = check_name("node", options.self.node); !ok)
    return fail(fabric_errc::bad_option, ok.error().message());
  auto core = std::make_shared<fabric_core>(system, std::move(over), std::move(options));
  system.route_through(core);
  return std::unique_ptr<fabric>{new fabric{std::move(core)}};
}

result<std::string> fabric::listen(const std::string& address) {
  return core_->listen(address);
}

void fabric::set_address(const std::string& node, const std::string& address) {
  if (const auto one = core_->find_or_make(node)) one->set_address(address);
}

void fabric::reach(const std::string& address, std::function<void(result<std::string>)> then) {
  core_->reach(address, std::move(then));
}

void fabric::set_incarnation(std::uint64_t incarnation) {
  core_->set_incarnation(incarnation);
}

void fabric::admit(const std::string& node, std::uint64_t incarnation) {
  core_->admit(node, incarnation);
}

void fabric::lose(const std::string& node, std::uint64_t incarnation, const std::string& why) {
  core_->lose(node, incarnation, why);
}

void fabric::begin_anew() {
  core_->begin_anew();
}

std::set<node_role> fabric::roles_of(const std::string& node) const {
  const auto one = core_->find(node);
  return one ? one->state().roles : std::set<node_role>{};
}

std::vector<fabric_peer> fabric::peers() const {
  std::vector<fabric_peer> made;
  for (const auto& each : core_->all())
    made.push_back(each->state());
  return made;
}

fabric_metrics fabric::metrics() const {
  const fabric_counters& now = core_->counters;
  fabric_metrics made;
  made.links_opened = now.links_opened;
  made.links_lost = now.links_lost;
  made.links_refused = now.links_refused;
  made.frames_sent = now.frames_sent;
  made.frames_received = now.frames_received;
  made.bytes_sent = now.bytes_sent;
  made.bytes_received = now.bytes_received;
  made.messages_sent = now.messages_sent;
  made.messages_received = now.messages_received;
  made.not_allowed = now.not_allowed;
  made.repeated = now.repeated;
  made.refused_full = now.refused_full;
  made.bad_peers = now.bad_peers;
  return made;
}

void fabric::stop() {
  core_->stop();
}

} // namespace troupe::cluster
