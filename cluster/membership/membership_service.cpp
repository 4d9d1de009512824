#include "cluster/membership/membership_service.hpp"

#include "cluster/membership/internal/service_core.hpp"

namespace troupe::cluster {

result<std::unique_ptr<membership_service>>
membership_service::start(membership_service_options options) {
  auto core = std::make_shared<service_core>(std::move(options));
  if (auto begun = core->begin(); !begun) {
    core->stop(false);
    return tl::unexpected(std::move(begun.error()));
  }
  return std::unique_ptr<membership_service>{new membership_service{std::move(core)}};
}

membership_service::membership_service(std::shared_ptr<service_core> core)
    : core_(std::move(core)) {}

membership_service::~membership_service() {
  core_->stop(false);
}

void membership_service::join(const member_record& node, answer<grant> then) {
  core_->join(node, std::move(then));
}

void membership_service::renew(const member_key& member, member_state state,
                               answer<std::chrono::milliseconds> then) {
  core_->renew(member, state, std::move(then));
}

void membership_service::advance(const member_key& member, member_state to, answer<void> then) {
  core_->advance(member, to, std::move(then));
}

void membership_service::set_state(member_state to) {
  core_->set_state(to);
}

view_ptr membership_service::view() const {
  return core_->view();
}

v1::MembershipChanges membership_service::changes_since(std::uint64_t version) const {
  return core_->changes_since(version);
}

bool membership_service::holds() const {
  return core_->holds();
}

std::uint64_t membership_service::incarnation() const {
  return core_->incarnation();
}

const member_record& membership_service::self() const {
  return core_->self();
}

membership_counters membership_service::counters() const {
  return core_->counters();
}

void membership_service::stop(bool leave) {
  core_->stop(leave);
}

} // namespace troupe::cluster
