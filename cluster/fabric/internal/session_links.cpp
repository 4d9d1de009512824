#include "cluster/fabric/defaults.hpp"
#include "cluster/fabric/internal/fabric_core.hpp"
#include "cluster/fabric/internal/session.hpp"
#include "cluster/fabric/internal/wire.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <random>
#include <utility>

// How a session begins, goes on over another link, and ends.
namespace troupe::cluster {
namespace {

/// A part of it is random: nodes that lost one peer at the same moment do not come back at the same moment.
std::chrono::milliseconds backoff_after(std::uint32_t failed) {
  thread_local std::minstd_rand random{std::random_device{}()};
  const auto full = std::min(fabric_defaults::longest_backoff,
                             fabric_defaults::first_backoff * (1U << std::min(failed, 10U)));
  return full / 2 + std::chrono::milliseconds{std::uniform_int_distribution<long>{
                        0, static_cast<long>(full.count() / 2)}(random)};
}

std::uint64_t draw_session_id() {
  std::random_device device;
  return (std::uint64_t{device()} << 32 | device()) | 1; // 0 stands for none
}

const v1::Receipt* receipt_for(const v1::Hello& said, v1::Lane lane) {
  for (const v1::Receipt& each : said.received())
    if (each.lane() == lane) return &each;
  return nullptr;
}

} // namespace

session::session(std::shared_ptr<fabric_core> core, std::string node)
    : core_(std::move(core)), node_(std::move(node)),
      who_(std::make_shared<const node_identity>(
          node_identity{core_->options().self.cluster, node_, {}})),
      id_(draw_session_id()), down_since_(core_->clock().now()) {}

std::string session::hello() {
  std::lock_guard lock{mutex_};
  return hello_frame();
}

/// With the lock held.
std::string session::hello_frame() {
  const fabric_options& options = core_->options();
  v1::Hello made;
  made.set_protocol_min(fabric_defaults::protocol_min);
  made.set_protocol_max(fabric_defaults::protocol_max);
  made.set_cluster(options.self.cluster);
  made.set_node(options.self.node);
  made.set_incarnation(core_->incarnation());
  made.set_build(options.build);
  made.set_session(id_);
  made.set_peer_session(peer_id_);
  for (lane_state& each : lanes_)
    *made.add_received() = each.in.receipt();
  std::string frame;
  wire::append_message(frame, v1::Frame::kHelloFieldNumber, made);
  return frame;
}

/// Another process is at the other end, or one of the two has forgotten: what was under way is lost, what was not sent yet
/// goes to whoever is there. With the lock held.
void session::begin_anew(std::vector<responder>& failed) {
  ++life_;
  decltype(asked_) unsent;
  for (std::size_t index = 0; index < lanes_.size(); ++index) {
    const v1::Lane which = index == 0 ? v1::LANE_CONTROL : v1::LANE_WORK;
    auto parcels = lanes_[index].out.take_unsent();
    lanes_[index] = lane_state{which};
    for (auto& [sequence, body] : parcels) {
      const std::uint64_t number = lanes_[index].out.push(std::move(body));
      if (auto request = asked_.extract(key_of(which, sequence))) {
        request.key() = key_of(which, number);
        unsent.insert(std::move(request));
      }
    }
  }
  for (auto& [key, one] : asked_)
    failed.push_back(std::move(one.respond));
  asked_ = std::move(unsent);
  cancel_served();
  urgent_.clear();
}

/// Nothing of it goes anywhere. With the lock held.
void session::fail_everything(std::vector<responder>& failed) {
  for (auto& [key, one] : asked_)
    failed.push_back(std::move(one.respond));
  asked_.clear();
  lanes_ = {lane_state{v1::LANE_CONTROL}, lane_state{v1::LANE_WORK}};
  begin_anew(failed);
}

void session::cancel_served() {
  for (const auto& [key, pulse] : served_)
    pulse->abandon();
  served_.clear();
}

/// Whether the link stays beside the one there is. With the lock held.
std::optional<farewell> session::judge(bool dialled, const v1::Hello& said) const {
  if (said.incarnation() != 0 && said.incarnation() < incarnation_)
    return farewell{v1::GOODBYE_REASON_FENCED,
                    fmt::format("node {} is known in incarnation {}, this is {}: it was declared "
                                "dead or has started again",
                                node_, incarnation_, said.incarnation())};
  // Both opened one: both keep that of the node whose name comes first.
  const bool new_one_stays = dialled == (core_->options().self.node < node_);
  if (link_ && dialled != dialled_ && !new_one_stays)
    return farewell{v1::GOODBYE_REASON_DUPLICATE, "another link of the two is kept"};
  return std::nullopt;
}

/// Goes on where the peer says it stands, or begins anew where it is another process or has forgotten. With the lock held.
bool session::resume(const v1::Hello& said, std::vector<responder>& failed) {
  // One that does not has not heard our hello, or had not when it said this: it has nothing of ours.
  const bool knows_us = said.peer_session() == id_;
  if (peer_id_ != 0 && said.session() != peer_id_) {
    begin_anew(failed);
    // Where the peer has just heard this number, it stands for what begins now.
    if (!knows_us) id_ = draw_session_id();
  }
  peer_id_ = said.session();
  for (std::size_t index = 0; index < lanes_.size(); ++index) {
    lane_state& each = lanes_[index];
    const v1::Receipt* receipt = receipt_for(said, index == 0 ? v1::LANE_CONTROL : v1::LANE_WORK);
    each.in.forget_pieces();
    if (!receipt || !each.out.resume(knows_us ? receipt->sequence() : 0, receipt->limit_bytes()))
      return false;
  }
  return true;
}

std::optional<farewell> session::adopt(const std::shared_ptr<link>& of, bool dialled,
                                       const v1::Hello& said, bool writing) {
  std::vector<responder> failed;
  std::shared_ptr<link> replaced;
  std::optional<farewell> refused;
  {
    std::lock_guard lock{mutex_};
    if (auto why = judge(dialled, said)) return why;
    if (!resume(said, failed)) {
      begin_anew(failed);
      id_ = draw_session_id();
      peer_id_ = 0;
      refused = farewell{v1::GOODBYE_REASON_BAD_PEER, "its receipts are of no session of ours"};
    }
    if (!refused) {
      who_ = std::make_shared<const node_identity>(
          node_identity{core_->options().self.cluster, node_, of->peer().who.roles});
      if (said.incarnation() != 0) incarnation_ = std::max(incarnation_, said.incarnation());
      replaced = std::exchange(link_, of);
      dialled_ = dialled;
      dialling_ = false;
      failed_dials_ = 0;
      writing_ = writing;
      for (auto& [key, one] : asked_)
        one.told = {};
      if (!dialled) {
        // Who accepted answers with its own hello, before anything else.
        writing_ = true;
        of->send(hello_frame());
      }
      pump();
    }
  }
  for (responder& each : failed)
    each(tl::unexpected(failure{"fabric.node_lost",
                                "node " + node_ +
                                    " has started again: what it was asked may have "
                                    "had its effect",
                                true}));
  core_->want_sweep();
  if (replaced && replaced != of) replaced->close("another link of the two is kept");
  return refused;
}

void session::closed(const link* of) {
  {
    std::lock_guard lock{mutex_};
    if (!link_ || link_.get() != of) return;
    link_ = nullptr;
    writing_ = false;
    urgent_.clear();
    down_since_ = core_->clock().now();
    next_dial_ = down_since_ + backoff_after(0);
  }
  core_->want_sweep();
}

std::optional<std::string> session::begin_dialling() {
  std::lock_guard lock{mutex_};
  if (link_ || dialling_ || address_.empty()) return std::nullopt;
  if (core_->clock().now() < next_dial_) return std::nullopt;
  dialling_ = true;
  return address_;
}

void session::dial_failed() {
  {
    std::lock_guard lock{mutex_};
    dialling_ = false;
    next_dial_ = core_->clock().now() + backoff_after(failed_dials_++);
  }
  core_->want_sweep();
}

std::shared_ptr<link> session::admit(std::uint64_t least) {
  std::lock_guard lock{mutex_};
  const bool earlier = incarnation_ != 0 && incarnation_ < least;
  incarnation_ = std::max(incarnation_, least);
  return earlier ? link_ : nullptr;
}

std::shared_ptr<link> session::lose(const failure& why) {
  std::vector<responder> failed;
  std::shared_ptr<link> gone;
  {
    std::lock_guard lock{mutex_};
    fail_everything(failed);
    id_ = draw_session_id();
    peer_id_ = 0;
    gone = std::exchange(link_, nullptr);
    writing_ = false;
    down_since_ = core_->clock().now();
  }
  for (responder& each : failed)
    each(tl::unexpected(why));
  return gone;
}

} // namespace troupe::cluster
