#include "cluster/membership/membership_client.hpp"

#include "cluster/membership/internal/client_core.hpp"

namespace troupe::cluster {

result<std::unique_ptr<membership_client>>
membership_client::start(membership_client_options options) {
  auto core = std::make_shared<client_core>(std::move(options));
  if (auto begun = core->begin(); !begun) return tl::unexpected(std::move(begun.error()));
  return std::unique_ptr<membership_client>{new membership_client{std::move(core)}};
}

membership_client::membership_client(std::shared_ptr<client_core> core) : core_(std::move(core)) {}

membership_client::~membership_client() {
  core_->stop();
}

bool membership_client::holds() const {
  return core_->holds();
}

std::uint64_t membership_client::incarnation() const {
  return core_->incarnation();
}

view_ptr membership_client::view() const {
  return core_->view();
}

void membership_client::set_state(member_state to) {
  core_->set_state(to);
}

void membership_client::rejoin() {
  core_->rejoin();
}

void membership_client::leave(std::function<void(reply<void>)> then) {
  core_->leave(std::move(then));
}

void membership_client::stop() {
  core_->stop();
}

} // namespace troupe::cluster
