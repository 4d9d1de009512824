#include "cluster/node/internal/node_parts.hpp"

#include "actors/scheduling/resources/discovery.hpp"
#include "actors/scheduling/resources/node_class.hpp"
#include "actors/workflow/errors.hpp"
#include "actors/workflow/postgres_dead_letters.hpp"
#include "actors/workflow/postgres_store.hpp"
#include "actors/workflow/sqlite_dead_letters.hpp"
#include "actors/workflow/sqlite_store.hpp"
#include "cluster/fabric/defaults.hpp"
#include "cluster/fabric/grpc/grpc_transport.hpp"
#include "cluster/membership/members_agent.hpp"
#include "cluster/node/control_agent.hpp"
#include "cluster/node/defaults.hpp"

#include <algorithm>
#include <future>
#include <spdlog/spdlog.h>
#include <thread>
#include <utility>

// How a node of a cluster is put together, and how it ends. What members do: node_members.cpp.
namespace troupe::cluster {

node_parts::node_parts(cluster_node_options options)
    : options_(std::move(options)), clock_(make_thread_timer()),
      turns_(std::make_unique<thread_pool>(
          thread_pool_options{.max_threads = 1, .thread_name = "troupe-members"})) {}

node_parts::~node_parts() {
  stop();
}

result<void> node_parts::start() {
  if (auto ok = start_node(); !ok) return ok;
  if (auto ok = start_fabric(); !ok) return ok;
  if (has(node_role::coordinator)) return start_service();
  post([this] { look_for_coordinators(); });
  return {};
}

result<std::unique_ptr<workflow::store>> node_parts::open_store() const {
  const std::string& where = options_.config.store;
  if (!has(node_role::coordinator)) return std::unique_ptr<workflow::store>{};
  if (workflow::is_postgres_address(where)) {
    workflow::postgres_store_options how;
    how.lease_time = node_defaults::run_lease;
    return workflow::open_postgres_store(where, how);
  }
  workflow::sqlite_store_options how;
  how.lease_time = node_defaults::run_lease;
  return workflow::open_sqlite_store(where, how);
}

std::shared_ptr<workflow::member_table> node_parts::member_table() const {
  const std::string& where = options_.config.store;
  return workflow::is_postgres_address(where) ? workflow::postgres_members(where)
                                              : workflow::sqlite_members(where);
}

result<void> node_parts::start_node() {
  const node_config& config = options_.config;
  auto store = open_store();
  if (!store) return tl::unexpected(std::move(store.error()));
  node_options wanted;
  wanted.models = options_.default_models;
  for (const auto& [key, folder] : config.models)
    wanted.models[key] = folder;
  wanted.cache_dir = bert::default_cache_dir();
  wanted.engine_threads = static_cast<std::size_t>(config.engine_threads.value_or(0));
  wanted.resources = config.resources;
  wanted.name = config.name;
  wanted.gives_work_away = true;
  wanted.runs_attempts = has(node_role::worker);
  auto made = node::start(wanted, std::move(*store));
  if (!made) return tl::unexpected(std::move(made.error()));
  node_ = std::move(*made);
  return options_.add_agents ? options_.add_agents(*node_) : result<void>{};
}

result<void> node_parts::start_fabric() {
  const node_config& config = options_.config;
  grpc_transport_options over;
  over.certificates = config.certificates;
  over.revocations = config.revocations;
  over.node = config.name;
  auto transport = make_grpc_transport(std::move(over));
  if (!transport) return tl::unexpected(std::move(transport.error()));
  fabric_options how;
  how.self = {config.cluster, config.name, config.roles};
  how.build = options_.build;
  how.locate = [this](const envelope_header& header) { return locate(header); };
  how.may_serve = [this] { return may_serve(); };
  auto made = fabric::start(node_->agents(), std::move(*transport), std::move(how));
  if (!made) return tl::unexpected(std::move(made.error()));
  fabric_ = std::move(*made);
  if (has(node_role::coordinator)) {
    // Before anybody can ask for it.
    if (auto added = node_->agents().add(make_control_agent(*this)); !added) return added;
  }
  auto listening = fabric_->listen(to_string(config.listen));
  if (!listening) return tl::unexpected(std::move(listening.error()));
  address_ = *listening;
  if (config.advertise) {
    host_port shown = *config.advertise;
    if (shown.port == 0)
      if (const auto got = parse_host_port(*listening)) shown.port = got->port;
    address_ = to_string(shown);
  }
  return {};
}

member_record node_parts::self_record() const {
  const node_config& config = options_.config;
  member_record made;
  made.node = config.name;
  made.state = member_state::active;
  made.addresses = {address_};
  made.roles = config.roles;
  made.resources = scheduling::discover_resources(config.resources).capacity;
  made.node_class = scheduling::node_class();
  made.build = options_.build;
  made.protocol = {fabric_defaults::protocol_min, fabric_defaults::protocol_max};
  for (const std::string& name : node_->agents().names()) {
    if (name.starts_with("cluster.")) continue;
    offered_agent offered{name, {}, {}};
    for (const method& each : node_->agents().find(name)->methods)
      offered.methods.push_back({each.request->full_name(), each.reply->full_name()});
    made.agents.push_back(std::move(offered));
  }
  return made;
}

result<void> node_parts::start_service() {
  membership_service_options how;
  how.self = self_record();
  how.table = member_table();
  how.clock = clock_;
  how.callbacks = callbacks();
  auto made = membership_service::start(std::move(how));
  if (!made) return tl::unexpected(std::move(made.error()));
  service_ = std::move(*made);
  post([this] { recover_runs(); });
  recover_later();
  return node_->agents().add(make_members_agent(
      service_, [this](const std::string& principal) -> std::optional<std::set<node_role>> {
        auto roles = fabric_->roles_of(principal);
        if (roles.empty()) return std::nullopt;
        return roles;
      }));
}

view_ptr node_parts::view() const {
  if (service_) return service_->view();
  std::lock_guard lock{mutex_};
  return client_ ? client_->view() : std::make_shared<const membership_view>();
}

bool node_parts::may_serve() const {
  if (service_) return service_->holds();
  std::lock_guard lock{mutex_};
  return client_ && client_->holds();
}

result<void> node_parts::wait_until_member(std::chrono::milliseconds limit) {
  std::unique_lock lock{mutex_};
  if (joined_.wait_for(lock, limit, [this] { return incarnation_ > 0; })) return {};
  return fail(fabric_errc::unreachable, "not a member of cluster " + options_.config.cluster +
                                            " after " + std::to_string(limit.count()) + " ms" +
                                            (last_refusal_.empty() ? "" : ": " + last_refusal_));
}

bool node_parts::drain(std::chrono::milliseconds limit) {
  if (service_) {
    service_->set_state(member_state::draining);
    if (has(node_role::worker))
      static_cast<void>(node_->workflows().drain_node(options_.config.name));
  } else {
    std::lock_guard lock{mutex_};
    if (client_) client_->set_state(member_state::draining);
  }
  // What was on its way when the others heard of it still comes; then what is here ends.
  const auto begun = std::chrono::steady_clock::now();
  std::this_thread::sleep_for(std::min(limit, node_defaults::drain_notice));
  const auto idle = [this] { return node_->agents().metrics().in_flight == 0; };
  while (!idle() && std::chrono::steady_clock::now() - begun < limit)
    std::this_thread::sleep_for(node_defaults::drain_look);
  return idle();
}

void node_parts::drain_member(const member_key& which, std::function<void(reply<void>)> then) {
  if (which.node == name()) service_->set_state(member_state::draining);
  service_->advance(which, member_state::draining, std::move(then));
}

void node_parts::stop() {
  if (stopping_.exchange(true)) return;
  std::shared_ptr<membership_client> client;
  {
    std::lock_guard lock{mutex_};
    client = client_;
  }
  // Its runs are free before it has left: others look for them then.
  if (node_ && service_) node_->stop();
  if (client && incarnation_ > 0) {
    auto told = std::make_shared<std::promise<void>>();
    auto done = told->get_future();
    client->leave([told](const reply<void>&) { told->set_value(); });
    done.wait_for(node_defaults::leave_bound);
  }
  if (service_) service_->stop(true);
  if (client) client->stop();
  // What others had here is theirs again; nothing is asked of them any more.
  if (fabric_) fabric_->begin_anew();
  turns_->stop(node_defaults::stop_bound);
  if (node_) node_->stop();
  if (fabric_) fabric_->stop();
  clock_->stop();
}

} // namespace troupe::cluster
