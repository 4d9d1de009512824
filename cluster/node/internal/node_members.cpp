#include "actors/workflow/errors.hpp"
#include "cluster/node/defaults.hpp"
#include "cluster/node/internal/node_parts.hpp"
#include "cluster/pki/files.hpp"

#include <algorithm>
#include <spdlog/spdlog.h>
#include <utility>

#define XXH_INLINE_ALL
#include <xxhash.h>

// What a node does when members come, change and go, and how one that is no coordinator finds those that are.
namespace troupe::cluster {
namespace {

/// Of those nodes that have an agent the one on which it lives: always the same one as long as they are, and few agents move
/// when one comes or goes (rendezvous hashing, Thaler and Ravishankar 1998).
std::uint64_t weight_of(const std::string& agent, const std::string& node) {
  return XXH3_64bits_withSeed(agent.data(), agent.size(), XXH3_64bits(node.data(), node.size()));
}

bool offers(const member_record& one, const agent_name& target) {
  for (const offered_agent& each : one.agents)
    if (each.type == target.type)
      return each.keys.empty() ||
             std::find(each.keys.begin(), each.keys.end(), target.key) != each.keys.end();
  return false;
}

scheduling::node_state state_for(const member_record& one) {
  return one.state == member_state::draining ? scheduling::node_state::draining
                                             : scheduling::node_state::active;
}

scheduling::node_description description_of(const member_record& one) {
  scheduling::node_description made;
  made.name = one.node;
  made.incarnation = one.incarnation;
  made.node_class = one.node_class;
  made.resources = one.resources;
  made.places = node_defaults::worker_places;
  for (const offered_agent& each : one.agents)
    made.offers.types[each.type] = {each.keys.begin(), each.keys.end()};
  made.state = state_for(one);
  return made;
}

} // namespace

membership_callbacks node_parts::callbacks() {
  membership_callbacks made;
  made.on_joined = [this](std::uint64_t incarnation) {
    fabric_->set_incarnation(incarnation);
    std::lock_guard lock{mutex_};
    incarnation_ = incarnation;
    last_refusal_.clear();
    joined_.notify_all();
    spdlog::info("node {}: member of {} with incarnation {}", options_.config.name,
                 options_.config.cluster, incarnation);
  };
  made.on_fenced = [this] {
    if (stopping_) return;
    spdlog::error("node {}: its lease is over; what it had at work ends, and it joins anew",
                  options_.config.name);
    incarnation_ = 0;
    fabric_->begin_anew();
    if (!service_) post([this] { look_for_coordinators(); });
  };
  made.on_refused = [this](const failure& why) {
    spdlog::warn("node {}: no member: {} [{}]", options_.config.name, why.message, why.type);
    std::lock_guard lock{mutex_};
    last_refusal_ = why.message;
  };
  made.on_view = [this](const view_ptr& now, std::span<const member_event> events) {
    post([this, now, copied = std::vector<member_event>(events.begin(), events.end())] {
      apply(now, copied);
    });
  };
  return made;
}

void node_parts::post(std::function<void()> turn) {
  if (!stopping_ && !turns_->post(std::move(turn)))
    spdlog::error("node {}: changes of members are not taken any more", options_.config.name);
}

void node_parts::apply(const view_ptr& now, const std::vector<member_event>& events) {
  using kind = member_event::kind;
  for (const member_event& each : events) {
    const member_record& one = *each.member;
    if (one.node == options_.config.name) continue;
    switch (each.what) {
    case kind::joined:
    case kind::changed:
      take_in(one);
      break;
    case kind::left:
    case kind::lost:
      let_go(one, each.what == kind::lost);
      break;
    case kind::suspected:
    case kind::trusted:
      if (service_ && one.roles.contains(node_role::worker))
        static_cast<void>(node_->workflows().set_node_state(
            one.node, one.incarnation,
            now->is_suspected(one.node) ? scheduling::node_state::suspect : state_for(one)));
      break;
    }
  }
}

void node_parts::take_in(const member_record& one) {
  if (!one.addresses.empty()) fabric_->set_address(one.node, one.addresses.front());
  fabric_->admit(one.node, one.incarnation);
  if (!service_ || !one.roles.contains(node_role::worker) || one.state == member_state::joining)
    return;
  if (auto added = node_->workflows().add_node(description_of(one)); !added)
    spdlog::error("node {}: attempts cannot go to {}: {}", options_.config.name, one.node,
                  added.error().message());
}

void node_parts::let_go(const member_record& one, bool lost) {
  spdlog::info("node {}: {} {} (incarnation {})", options_.config.name, one.node,
               lost ? "is lost" : "has left", one.incarnation);
  if (service_ && one.roles.contains(node_role::worker)) {
    const auto ended = node_->workflows().remove_node(one.node, one.incarnation);
    if (ended && *ended > 0)
      spdlog::warn("node {}: {} attempts were lost with {}; they are tried again",
                   options_.config.name, *ended, one.node);
  }
  fabric_->lose(one.node, one.incarnation, lost ? "its lease is over" : "it has left");
  if (service_ && one.roles.contains(node_role::coordinator)) recover_runs();
}

/// Takes over runs that no coordinator has. What one that has just gone had may be claimed a little later.
void node_parts::recover_runs() {
  if (stopping_) return;
  const auto found = node_->workflows().recover();
  if (!found) {
    spdlog::error("node {}: runs cannot be taken over: {}", options_.config.name,
                  found.error().message());
    return;
  }
  if (!found->runs.empty())
    spdlog::info("node {}: goes on with {} runs", options_.config.name, found->runs.size());
}

void node_parts::recover_later() {
  if (stopping_) return;
  clock_->schedule_after(node_defaults::recover_every, [this] {
    post([this] {
      recover_runs();
      recover_later();
    });
  });
}

void node_parts::look_for_coordinators() {
  if (stopping_ || may_serve() || looking_) return;
  looking_ = true;
  std::vector<std::string> addresses = options_.config.seeds;
  if (!options_.config.seeds_file.empty())
    // It may come late: what is not there yet names nobody.
    if (const auto text = read_file(options_.config.seeds_file, node_defaults::seeds_file_bytes))
      for (std::string& each : parse_seeds(*text))
        addresses.push_back(std::move(each));
  for (const std::string& address : addresses)
    fabric_->reach(address, [this, address](result<std::string> who) {
      if (!who) {
        std::lock_guard lock{mutex_};
        last_refusal_ = who.error().message();
        return;
      }
      post([this, address, name = *who] { found(name, address); });
    });
  bool known = false;
  {
    std::lock_guard lock{mutex_};
    known = client_ != nullptr;
  }
  clock_->schedule_after(known ? node_defaults::look_elsewhere : node_defaults::look_again, [this] {
    post([this] {
      looking_ = false;
      look_for_coordinators();
    });
  });
}

void node_parts::found(const std::string& coordinator, const std::string& address) {
  fabric_->set_address(coordinator, address);
  {
    std::lock_guard lock{mutex_};
    coordinators_.insert(coordinator);
  }
  start_client();
}

/// Once, and anew with all coordinators that were found where it has not become a member for a while.
void node_parts::start_client() {
  membership_client_options how;
  {
    std::lock_guard lock{mutex_};
    // It learns of the others as soon as it has joined; anew only where those that it knows do not answer.
    if (client_ &&
        (client_->holds() || clock_->now() - client_began_ < node_defaults::look_elsewhere))
      return;
    client_began_ = clock_->now();
    how.coordinators.assign(coordinators_.begin(), coordinators_.end());
  }
  how.self = self_record();
  how.clock = clock_;
  how.callbacks = callbacks();
  how.ask = [this](const std::string& coordinator, message_ptr request,
                   std::chrono::milliseconds timeout, responder then) {
    request_options options;
    options.node = coordinator;
    options.timeout = timeout;
    node_->agents().request({"cluster.members"}, std::move(request), std::move(options),
                            std::move(then));
  };
  auto made = membership_client::start(std::move(how));
  if (!made) {
    spdlog::error("node {}: cannot join: {}", options_.config.name, made.error().message());
    return;
  }
  std::shared_ptr<membership_client> before;
  {
    std::lock_guard lock{mutex_};
    before = std::exchange(client_, std::move(*made));
  }
  if (before) before->stop();
}

std::string node_parts::locate(const envelope_header& header) const {
  if (has(node_role::worker)) return {};
  if (header.target.type.starts_with("cluster.")) return {};
  const view_ptr now = view();
  const std::string agent = header.target.to_string();
  std::string best;
  std::uint64_t most = 0;
  for (const member_ptr& each : now->members()) {
    if (!each->roles.contains(node_role::worker) || each->state != member_state::active ||
        !offers(*each, header.target))
      continue;
    const std::uint64_t weight = weight_of(agent, each->node);
    if (best.empty() || weight > most) {
      best = each->node;
      most = weight;
    }
  }
  return best;
}

} // namespace troupe::cluster
