#include "cluster/fabric/grpc/internal/server_link.hpp"

#include "cluster/fabric/grpc/internal/address.hpp"
#include "cluster/fabric/grpc/internal/gate.hpp"
#include "cluster/fabric/grpc/internal/wire.hpp"

#include <utility>

namespace troupe::cluster {

void server_link::wait(completion_loop& on) {
  loop_ = &on;
  self_ = std::static_pointer_cast<server_link>(shared_from_this());
  const std::lock_guard lock{mutex_};
  at_.service.RequestCall(&call_->context, &call_->stream, &on.queue(), &on.queue(),
                          opening_.begin());
}

void server_link::on_opening(bool good) {
  if (arrived_)
    return good ? opened(call_->stream, call_->stream)
                : fail({fabric_errc::closed, "the peer has left"});
  const auto self = std::exchange(self_, nullptr);
  arrived_ = true;
  if (good && at_.arrived(self, *loop_)) arrive();
}

void server_link::arrive() {
  if (auto welcomed = welcome(); !welcomed) return end(welcomed.error());
  const std::lock_guard lock{mutex_};
  if (phase_ != phase::opening) return;
  call_->context.AddInitialMetadata(taken_header, "open");
  call_->stream.SendInitialMetadata(opening_.begin());
}

result<void> server_link::welcome() {
  peer_.address = from_peer(call_->context.peer());
  number_ = at_.door.linked(peer_.address);
  if (number_ == 0) return troupe::fail(fabric_errc::closed, "the connection has ended");
  // Once more: the list of revocations may be newer than the handshake.
  auto trusted =
      in_.check.node(certificate_in(*call_->context.auth_context()), certificate_use::client);
  if (!trusted) return refuse(trusted.error().why, trusted.error().reason);
  if (call_->context.method() != connect_method)
    return refuse(refusal::no_handshake,
                  "there is no method " + call_->context.method().substr(0, 100) + " here");
  peer_.who = std::move(trusted->who);
  peer_.serial = std::move(trusted->serial);
  not_after_ = trusted->not_after;
  listener_ = at_.accept(peer_);
  if (!listener_) return refuse(refusal::not_wanted, "no link of " + peer_.who.node + " is wanted");
  return {};
}

tl::unexpected<error> server_link::refuse(refusal why, std::string reason) {
  in_.refused.note({why, peer_.address, reason});
  return troupe::fail(why == refusal::no_handshake ? fabric_errc::bad_peer
                                                   : fabric_errc::not_trusted,
                      std::move(reason));
}

void server_link::finish_locked() {
  if (opening_.going_on || writing_.going_on || finishing_.going_on || finished_) return;
  call_->stream.Finish(to_status(why_), finishing_.begin());
}

std::uint64_t server_link::wire_bytes() const {
  return at_.door.received(number_);
}

error server_link::conclude(error why) {
  call_.reset();
  if (number_ != 0) at_.door.unlinked(number_);
  return why;
}

} // namespace troupe::cluster
