#include "cluster/fabric/internal/peer_link.hpp"

#include "cluster/fabric/defaults.hpp"
#include "cluster/fabric/internal/fabric_core.hpp"
#include "cluster/fabric/internal/wire.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <utility>

namespace troupe::cluster {
namespace {

/// A hello has a few short texts.
constexpr std::size_t most_hello_bytes = 4'096;

fabric_errc code_of(v1::GoodbyeReason reason) {
  switch (reason) {
  case v1::GOODBYE_REASON_INCOMPATIBLE:
    return fabric_errc::incompatible;
  case v1::GOODBYE_REASON_FENCED:
    return fabric_errc::fenced;
  case v1::GOODBYE_REASON_BAD_PEER:
    return fabric_errc::bad_peer;
  default:
    return fabric_errc::closed;
  }
}

} // namespace

peer_link::peer_link(std::shared_ptr<fabric_core> core, std::shared_ptr<session> expected,
                     reached_callback then)
    : core_(std::move(core)), dialled_(true), session_(std::move(expected)),
      then_(std::move(then)) {}

peer_link::peer_link(std::shared_ptr<fabric_core> core) : core_(std::move(core)), dialled_(false) {}

void peer_link::on_open(std::shared_ptr<link> opened) {
  link_ = std::move(opened);
  stage_ = stage::greeting;
  const std::string& node = link_->peer().who.node;
  if (session_ && session_->node() != node)
    return leave({v1::GOODBYE_REASON_UNSPECIFIED,
                  fmt::format("at {} there is node {}, not {}", link_->peer().address, node,
                              session_->node())});
  if (node == core_->options().self.node)
    return leave({v1::GOODBYE_REASON_UNSPECIFIED,
                  fmt::format("at {} there is a node of this one's own name, {}",
                              link_->peer().address, node)});
  if (!session_) session_ = core_->find_or_make(node);
  if (!session_) return leave({v1::GOODBYE_REASON_LEAVING, "the fabric stops"});
  watch_greeting();
  if (!dialled_) return;
  writing_ = true;
  link_->send(session_->hello());
}

void peer_link::watch_greeting() {
  core_->clock().schedule_after(fabric_defaults::hello_bound,
                                [held = weak_from_this(), watched = link_] {
                                  const auto self = held.lock();
                                  if (self && !self->greeted_)
                                    watched->close("no hello came in time");
                                });
}

std::optional<farewell> peer_link::fault_of(const v1::Hello& said) const {
  const auto& self = core_->options().self;
  const auto& certified = link_->peer().who;
  if (said.protocol_max() < fabric_defaults::protocol_min ||
      said.protocol_min() > fabric_defaults::protocol_max)
    return farewell{v1::GOODBYE_REASON_INCOMPATIBLE,
                    fmt::format("node {} (build {}) speaks protocol {} to {}, this one {} to {}; "
                                "bring the older one up to date",
                                certified.node, said.build(), said.protocol_min(),
                                said.protocol_max(), fabric_defaults::protocol_min,
                                fabric_defaults::protocol_max)};
  if (said.cluster() != self.cluster || said.node() != certified.node || said.session() == 0)
    return farewell{v1::GOODBYE_REASON_BAD_PEER,
                    fmt::format("it says it is node {} of {}, its certificate says {} of {}",
                                said.node(), said.cluster(), certified.node, certified.cluster)};
  return std::nullopt;
}

std::optional<farewell> peer_link::greet(std::string_view frame) {
  v1::Frame first;
  if (frame.size() > most_hello_bytes ||
      !first.ParseFromArray(frame.data(), static_cast<int>(frame.size())))
    return farewell{v1::GOODBYE_REASON_BAD_PEER, "its first frame is no hello"};
  if (first.has_goodbye()) return farewell{first.goodbye().reason(), first.goodbye().message()};
  if (!first.has_hello())
    return farewell{v1::GOODBYE_REASON_BAD_PEER, "its first frame is no hello"};
  if (auto fault = fault_of(first.hello())) return fault;
  if (auto refused = session_->adopt(link_, dialled_, first.hello(), writing_)) return refused;
  stage_ = stage::open;
  greeted_ = true;
  fabric_counters::add(core_->counters.links_opened);
  spdlog::debug("fabric: link with node {} ({}) is open", session_->node(), link_->peer().address);
  tell_reached(session_->node());
  return std::nullopt;
}

void peer_link::on_frame(std::string_view frame) {
  if (stage_ == stage::leaving) return;
  const auto why = stage_ == stage::open ? session_->take_frame(*link_, frame) : greet(frame);
  if (why) leave(*why);
}

void peer_link::on_sent() {
  writing_ = false;
  if (stage_ == stage::leaving) return link_->close("said good-bye");
  if (stage_ == stage::open) session_->sent(*link_);
}

void peer_link::leave(const farewell& why) {
  const bool was_open = stage_ == stage::open;
  stage_ = stage::leaving;
  if (why.reason == v1::GOODBYE_REASON_BAD_PEER) fabric_counters::add(core_->counters.bad_peers);
  if (!was_open) fabric_counters::add(core_->counters.links_refused);
  if (why.reason != v1::GOODBYE_REASON_DUPLICATE && why.reason != v1::GOODBYE_REASON_UNSPECIFIED)
    spdlog::warn("fabric: the link with node {} ({}) is not kept: {}", link_->peer().who.node,
                 link_->peer().address, why.message);
  tell_reached(fail(code_of(why.reason), why.message));
  // Only before anything else was under way does the peer hear why; later the link is the session's.
  if (was_open || writing_) return link_->close(why.message);
  v1::Goodbye said;
  said.set_reason(why.reason);
  said.set_message(why.message);
  std::string frame;
  wire::append_message(frame, v1::Frame::kGoodbyeFieldNumber, said);
  link_->send(std::move(frame));
}

void peer_link::tell_reached(result<std::string> outcome) {
  if (auto then = std::exchange(then_, nullptr)) then(std::move(outcome));
}

void peer_link::on_closed(const error& why) {
  greeted_ = true; // nothing is watched any more
  if (stage_ == stage::open) {
    fabric_counters::add(core_->counters.links_lost);
    spdlog::info("fabric: the link with node {} ended: {}", session_->node(), why.message());
    session_->closed(link_.get());
  } else if (dialled_ && session_) {
    session_->dial_failed();
  }
  tell_reached(tl::unexpected(why));
  link_ = nullptr;
}

} // namespace troupe::cluster
