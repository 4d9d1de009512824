#include "cluster/node/cluster_client.hpp"

#include "cluster/fabric/grpc/grpc_transport.hpp"

#include <future>
#include <utility>

namespace troupe::cluster {

result<std::unique_ptr<cluster_client>>
cluster_client::connect(const cluster_client_options& options) {
  std::unique_ptr<cluster_client> made{new cluster_client};
  auto agents = agent_system::start({.worker_threads = 1});
  if (!agents) return tl::unexpected(std::move(agents.error()));
  made->agents_ = std::move(*agents);
  grpc_transport_options over;
  over.certificates = options.certificates;
  over.revocations = options.revocations;
  over.node = options.name;
  auto transport = make_grpc_transport(std::move(over));
  if (!transport) return tl::unexpected(std::move(transport.error()));
  fabric_options how;
  how.self = {options.cluster, options.name, {node_role::operator_}};
  how.patience = options.patience;
  auto net = fabric::start(*made->agents_, std::move(*transport), std::move(how));
  if (!net) return tl::unexpected(std::move(net.error()));
  made->fabric_ = std::move(*net);
  if (auto found = made->find_coordinator(options); !found)
    return tl::unexpected(std::move(found.error()));
  return made;
}

result<void> cluster_client::find_coordinator(const cluster_client_options& options) {
  std::string tried;
  for (const std::string& address : options.coordinators) {
    auto told = std::make_shared<std::promise<result<std::string>>>();
    auto answer = told->get_future();
    fabric_->reach(address, [told](result<std::string> who) { told->set_value(std::move(who)); });
    result<std::string> who = fail(fabric_errc::unreachable, "no answer in time");
    if (answer.wait_for(options.patience) == std::future_status::ready) who = answer.get();
    if (who) {
      coordinator_ = *who;
      fabric_->set_address(*who, address);
      return {};
    }
    tried += (tried.empty() ? "" : "; ") + address + ": " + who.error().message();
  }
  return fail(fabric_errc::unreachable, "no coordinator of cluster " + options.cluster +
                                            " answers (" +
                                            (tried.empty() ? "none is known" : tried) + ")");
}

cluster_client::~cluster_client() {
  if (agents_) agents_->stop();
  if (fabric_) fabric_->stop();
}

reply<message_ptr> cluster_client::ask(message_ptr request, std::chrono::milliseconds timeout) {
  request_options options;
  options.node = coordinator_;
  options.timeout = timeout;
  return agents_->request_and_wait({"cluster.control"}, std::move(request), std::move(options));
}

} // namespace troupe::cluster
