#pragma once

#include "actors/runtime/timer.hpp"
#include "cluster/membership/members_agent.hpp"
#include "cluster/membership/membership_client.hpp"
#include "cluster/membership/membership_service.hpp"
#include "tests/cluster/membership/records.hpp"
#include "tests/support/results.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace troupe::test {

using namespace std::chrono_literals;
using cluster::member_key;
using cluster::member_state;
using cluster::node_role;

/// A table that can be out of reach.
class table_at_will final : public workflow::member_table {
public:
  explicit table_at_will(std::shared_ptr<virtual_timer> clock)
      : inner_(workflow::make_memory_members({.now = [clock] { return clock->wall_now(); }})) {}

  bool away = false;
  std::size_t calls = 0;

  result<workflow::joined_member> join(const std::string& node, std::string_view details,
                                       std::chrono::milliseconds lease) override {
    return call([&] { return inner_->join(node, details, lease); });
  }
  result<std::vector<bool>> renew(std::span<const member_key> members,
                                  std::chrono::milliseconds lease) override {
    return call([&] { return inner_->renew(members, lease); });
  }
  result<bool> advance(const member_key& member, member_state to) override {
    return call([&] { return inner_->advance(member, to); });
  }
  result<bool> declare_dead(const workflow::member_lease_row& seen) override {
    return call([&] { return inner_->declare_dead(seen); });
  }
  result<std::vector<workflow::member_lease_row>> leases() override {
    return call([&] { return inner_->leases(); });
  }
  result<workflow::member_changes> changes_since(std::uint64_t version) override {
    return call([&] { return inner_->changes_since(version); });
  }

private:
  template <class Work>
  auto call(const Work& work) -> decltype(work()) {
    ++calls;
    if (away) return fail(std::make_error_code(std::errc::host_unreachable), "the store is away");
    return work();
  }

  std::shared_ptr<workflow::member_table> inner_;
};

/// What a node was told, in words.
struct told {
  std::string words;
  cluster::view_ptr view;
  std::uint64_t incarnation = 0;

  [[nodiscard]] cluster::membership_callbacks callbacks() {
    cluster::membership_callbacks made;
    made.on_joined = [this](std::uint64_t now) {
      incarnation = now;
      add("I joined");
    };
    made.on_fenced = [this] { add("I am fenced"); };
    made.on_refused = [this](const failure& why) { add(why.type); };
    made.on_view = [this](const cluster::view_ptr& now,
                          std::span<const cluster::member_event> events) {
      constexpr const char* names[] = {"joined", "changed", "left", "lost", "suspected", "trusted"};
      view = now;
      for (const auto& [what, member] : events)
        add(member->node + " " + names[static_cast<int>(what)]);
    };
    return made;
  }
  /// What came since it was asked last.
  std::string since() { return std::exchange(words, {}); }
  [[nodiscard]] bool has(const std::string& what) const {
    return words.find(what) != std::string::npos;
  }

private:
  void add(const std::string& what) { words += (words.empty() ? "" : ", ") + what; }
};

/// The context of a call by a node.
class call_by final : public call_context {
public:
  explicit call_by(std::string principal) { header_.principal = std::move(principal); }
  [[nodiscard]] const envelope_header& header() const override { return header_; }
  void request(agent_name /*target*/, message_ptr /*payload*/, responder then) const override {
    then(tl::unexpected(failure{"test.nobody", "no agents here", false}));
  }

private:
  envelope_header header_;
};

/// Coordinators and members in virtual time, on one table; who is cut off is asked in vain.
class small_cluster {
public:
  std::shared_ptr<virtual_timer> clock = virtual_timer::make();
  std::shared_ptr<table_at_will> table = std::make_shared<table_at_will>(clock);
  /// Names that cannot be reached, of coordinators and of members.
  std::set<std::string> cut_off;
  /// Whose certificate a node has, where it is not its own.
  std::map<std::string, std::string> certificates;
  std::size_t asked = 0;

  struct coordinator {
    std::unique_ptr<told> heard = std::make_unique<told>();
    std::shared_ptr<cluster::membership_service> service;
    std::unique_ptr<agent> members;
  };
  struct member {
    std::unique_ptr<told> heard = std::make_unique<told>();
    std::unique_ptr<cluster::membership_client> client;
  };

  [[nodiscard]] cluster::membership_service_options options(const std::string& node,
                                                            told& heard) const {
    cluster::membership_service_options made;
    made.self = some_member(node, node_role::coordinator);
    made.self.state = member_state::active;
    made.table = table;
    made.clock = clock;
    made.store = std::make_shared<inline_executor>();
    made.callbacks = heard.callbacks();
    made.seed = 7;
    return made;
  }

  coordinator& start(const std::string& node) {
    coordinator& of = coordinators_[node];
    of.service = must(cluster::membership_service::start(options(node, *of.heard)));
    of.members = cluster::make_members_agent(of.service,
                                             [](const std::string& principal) {
                                               return std::optional<std::set<node_role>>{
                                                   principal.starts_with("c")
                                                       ? std::set{node_role::coordinator}
                                                       : std::set{node_role::worker}};
                                             })
                     .make({"cluster.members", "default"})
                     .value();
    return of;
  }

  [[nodiscard]] cluster::membership_client_options client_options(const std::string& node,
                                                                  told& heard) {
    cluster::membership_client_options made;
    made.self = some_member(node);
    made.self.state = member_state::active;
    for (const auto& [name, of] : coordinators_)
      made.coordinators.push_back(name);
    made.ask = [this, node](const std::string& whom, message_ptr what,
                            std::chrono::milliseconds timeout, responder then) {
      ask(node, whom, std::move(what), timeout, std::move(then));
    };
    made.clock = clock;
    made.callbacks = heard.callbacks();
    made.seed = 7;
    return made;
  }

  member join(const std::string& node) {
    member made;
    made.client = must(cluster::membership_client::start(client_options(node, *made.heard)));
    return made;
  }

  void ask(const std::string& from, const std::string& whom, message_ptr what,
           std::chrono::milliseconds timeout, responder then) {
    ++asked;
    if (cut_off.contains(from) || cut_off.contains(whom)) {
      clock->schedule_after(timeout, [then = std::move(then)] {
        then(tl::unexpected(failure{"runtime.deadline_exceeded", "no answer", true}));
      });
      return;
    }
    const auto other = certificates.find(from);
    coordinators_.at(whom).members->handle(
        std::move(what),
        std::make_shared<call_by>(other == certificates.end() ? from : other->second),
        std::move(then));
  }

  /// In small steps, as time goes by.
  void pass(std::chrono::milliseconds time) {
    for (auto gone = 0ms; gone < time; gone += 10ms)
      clock->advance(10ms);
  }
  /// @returns how long it took, at most `most`.
  template <class Until>
  std::chrono::milliseconds pass_until(const Until& until, std::chrono::milliseconds most) {
    auto gone = 0ms;
    for (; !until() && gone < most; gone += 10ms)
      clock->advance(10ms);
    return gone;
  }
  [[nodiscard]] coordinator& at(const std::string& node) { return coordinators_.at(node); }
  void stop(const std::string& node, bool leave) {
    coordinators_.at(node).service->stop(leave);
    cut_off.insert(node);
  }

private:
  std::map<std::string, coordinator> coordinators_;
};

} // namespace troupe::test
