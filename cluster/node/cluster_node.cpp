#include "cluster/node/cluster_node.hpp"

#include "cluster/node/internal/node_parts.hpp"

#include <utility>

namespace troupe::cluster {

cluster_node::cluster_node(std::unique_ptr<node_parts> parts) : parts_(std::move(parts)) {}

cluster_node::~cluster_node() = default;

result<std::unique_ptr<cluster_node>> cluster_node::start(cluster_node_options options) {
  auto parts = std::make_unique<node_parts>(std::move(options));
  if (auto started = parts->start(); !started) return tl::unexpected(std::move(started.error()));
  return std::unique_ptr<cluster_node>{new cluster_node{std::move(parts)}};
}

result<void> cluster_node::wait_until_member(std::chrono::milliseconds limit) {
  return parts_->wait_until_member(limit);
}

std::uint64_t cluster_node::incarnation() const {
  return parts_->incarnation();
}

const std::string& cluster_node::address() const {
  return parts_->address();
}

view_ptr cluster_node::view() const {
  return parts_->view();
}

node& cluster_node::here() {
  return parts_->here();
}

fabric& cluster_node::net() {
  return parts_->net();
}

bool cluster_node::drain(std::chrono::milliseconds limit) {
  return parts_->drain(limit);
}

void cluster_node::stop() {
  parts_->stop();
}

} // namespace troupe::cluster
