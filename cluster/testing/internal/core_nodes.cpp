// Processes, where they listen, and how they end.
#include "cluster/fabric/errc.hpp"
#include "cluster/testing/internal/call_out.hpp"
#include "cluster/testing/internal/network_core.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace troupe::cluster::testing {
namespace {

constexpr std::string_view scheme = "mem://";

/// "mem://NAME" and "NAME:7000" are of NAME.
std::string name_in(const std::string& address) {
  return address.starts_with(scheme) ? address.substr(scheme.size())
                                     : address.substr(0, address.rfind(':'));
}

bool is_address(const std::string& text) {
  if (text.starts_with(scheme)) return text.size() > scheme.size();
  const auto colon = text.rfind(':');
  return colon != std::string::npos && colon > 0 && colon + 1 < text.size() &&
         text.size() - colon <= 6 &&
         std::all_of(text.begin() + static_cast<std::ptrdiff_t>(colon) + 1, text.end(),
                     [](char c) { return c >= '0' && c <= '9'; });
}

} // namespace

host& network_core::host_of(const std::string& name) {
  auto& found = hosts_[name];
  if (!found) {
    found = std::make_unique<host>();
    found->name = name;
    found->number = static_cast<std::uint32_t>(hosts_.size());
  }
  return *found;
}

std::shared_ptr<process> network_core::add_process(node_identity who) {
  const lock_type lock{mutex_};
  auto added = std::make_shared<process>();
  added->at = &host_of(who.node);
  added->who = std::move(who);
  added->stopped = ended_;
  added->at->processes.push_back(added);
  if (std::exchange(added->at->down, false)) look_at(*added->at);
  return added;
}

result<std::string> network_core::free_address(host& at, const std::string& wanted) {
  if (!is_address(wanted))
    return fail(fabric_errc::cannot_listen,
                "\"" + wanted + "\" is neither HOST:PORT nor mem://NAME");
  std::string address = wanted;
  if (wanted.ends_with(":0") && !wanted.starts_with(scheme)) {
    do
      address = wanted.substr(0, wanted.size() - 1) + std::to_string(++last_port_);
    while (places_.contains(address));
  }
  if (const auto held = places_.find(address); held != places_.end() && !held->second.who.expired())
    return fail(fabric_errc::cannot_listen, address + " is taken by node \"" +
                                                held->second.at->name +
                                                "\"; stop its transport, or take port 0");
  places_[address].at = &at;
  return address;
}

result<std::string> network_core::listen(const std::shared_ptr<process>& self,
                                         const std::string& address, transport::acceptor accept) {
  const lock_type lock{mutex_};
  if (self->stopped)
    return fail(fabric_errc::stopped, "the transport of node \"" + self->who.node + "\"");
  if (!self->address.empty())
    return fail(fabric_errc::cannot_listen,
                "node \"" + self->who.node + "\" listens at " + self->address + " already");
  auto got = free_address(*self->at, address);
  if (!got) return got;
  places_[*got].who = self;
  self->address = *got;
  self->accept = std::move(accept);
  return got;
}

host* network_core::find_host(const std::string& address) {
  if (const auto known = places_.find(address); known != places_.end()) return known->second.at;
  const auto named = hosts_.find(name_in(address));
  return named == hosts_.end() ? nullptr : named->second.get();
}

std::shared_ptr<process> network_core::listens_at(const std::string& address) const {
  const auto found = places_.find(address);
  return found == places_.end() ? nullptr : found->second.who.lock();
}

void network_core::stop(process& self) {
  transport::acceptor dropped; // ends after the lock: what it owns may call us
  lock_type lock{mutex_};
  if (!std::exchange(self.stopped, true)) {
    if (!self.address.empty()) places_[self.address].who.reset();
    std::erase_if(self.at->processes, [&](const auto& each) { return each.get() == &self; });
  }
  close_all(self, lock);
  dropped = std::move(self.accept);
}

void network_core::enroll(link_side& side, const std::shared_ptr<process>& owner) {
  side.owner = owner;
  owner->sides.emplace(side.number, side.shared_from_this());
  if (side.there) side.there->linked.emplace(side.number, &side);
}

/// A side that was not accepted.
void network_core::discard(link_side& side) {
  side.is = link_side::stage::closed;
  side.in.clear();
  if (!side.owner) side.there->linked.erase(side.number);
}

/// @returns who owned it; ends with what it owns, so outside the lock if it may be the last.
std::shared_ptr<process> network_core::dismiss(link_side& side) {
  if (side.owner) side.owner->sides.erase(side.number);
  if (side.there) side.there->linked.erase(side.number);
  return std::exchange(side.owner, nullptr);
}

/// Tells every listener of this process, on a thread on which nothing else is told.
void network_core::close_all(process& self, lock_type& lock) {
  const error why{fabric_errc::stopped, "the transport of node \"" + self.who.node + "\""};
  const auto here = [&] { return runs_here(); };
  if (thread_.joinable() && !here()) {
    for (const auto& [number, side] : self.sides)
      begin_close(*side, why, nullptr);
    changed_.wait(lock, [&] { return self.sides.empty() && calling_ != &self; });
    return;
  }
  changed_.wait(lock, [&] { return !running_ || here(); });
  auto* const outer = std::exchange(running_, &lock);
  const auto outer_runner = std::exchange(runner_, std::this_thread::get_id());
  while (!self.sides.empty())
    finish(*self.sides.begin()->second, why);
  running_ = outer;
  runner_ = outer_runner;
  if (!running_) arm();
  changed_.notify_all();
}

} // namespace troupe::cluster::testing
