// What happens on a link.
#include "cluster/fabric/errc.hpp"
#include "cluster/testing/internal/call_out.hpp"
#include "cluster/testing/internal/network_core.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace troupe::cluster::testing {
namespace {

using std::chrono::nanoseconds;

nanoseconds time_on_the_wire(std::size_t bytes, std::uint64_t bytes_per_second) {
  if (bytes_per_second == 0) return nanoseconds{0};
  return nanoseconds{static_cast<std::int64_t>(static_cast<double>(bytes) * 1e9 /
                                               static_cast<double>(bytes_per_second))};
}

/// Of a window; a frame without bytes costs something, too, or they would be sent without end.
std::size_t cost_of(const std::string& frame) {
  return frame.size() + 64;
}

} // namespace

void link_side::send(std::string frame) {
  if (const auto core = core_.lock()) core->send(*this, std::move(frame));
}

void link_side::close(std::string reason) {
  if (const auto core = core_.lock()) core->close(*this, {fabric_errc::closed, std::move(reason)});
}

void link_side::happen(event_kind kind, std::uint32_t epoch) {
  if (const auto core = core_.lock()) core->happen(*this, kind, epoch);
}

std::shared_ptr<link_side> network_core::make_side(host* home, host* there) {
  const auto number = ++last_side_;
  return std::make_shared<link_side>(weak_from_this(), number,
                                     scheduling::splitmix64(options_.seed) ^ number, home, there);
}

void network_core::connect(const std::shared_ptr<process>& self, const std::string& address,
                           std::shared_ptr<link_listener> listener) {
  lock_type lock{mutex_};
  const error gone{fabric_errc::stopped, "the transport of node \"" + self->who.node + "\""};
  if (ended_) {
    lock.unlock();
    return listener->on_closed(gone);
  }
  const auto near = make_side(self->at, find_host(address));
  near->listener = std::move(listener);
  if (self->stopped) return begin_close(*near, gone, nullptr);
  enroll(*near, self);
  request(near, address);
}

void network_core::request(const std::shared_ptr<link_side>& near, const std::string& address) {
  if (!near->there)
    return begin_close(*near, {fabric_errc::unreachable, "no node is at " + address}, near->at);
  const auto far = make_side(near->there, near->at);
  near->other = far;
  far->other = near;
  far->there->linked.emplace(far->number, far.get());
  far->address = address;
  far->peer_ = {near->owner->who, {}, "mem://" + near->at->name};
  depart(*near, {parcel::kind::request, {}, {}, {}});
  push(now() + options_.handshake, event_kind::handshake, near->at, near);
}

void network_core::send(link_side& from, std::string frame) {
  const lock_type lock{mutex_};
  if (from.is != link_side::stage::open) return;
  if (from.sending) {
    spdlog::critical(
        "node \"{}\" sends a frame to \"{}\" before on_sent told that the last one was taken",
        from.owner->who.node, from.peer_.who.node);
    std::abort();
  }
  if (frame.size() > transport_limits::frame_bytes)
    return begin_close(from,
                       {fabric_errc::bad_peer, "a frame of " + std::to_string(frame.size()) +
                                                   " bytes; a link carries up to " +
                                                   std::to_string(transport_limits::frame_bytes)},
                       from.at);
  from.sending = true;
  ++counters_.frames_sent;
  depart(from, {parcel::kind::frame, {}, std::move(frame), {}});
  // Whoever is gone reads nothing: what is sent there is not taken without end.
  from.waits_for_window = !from.other || from.other->in_bytes > options_.window_bytes;
  if (!from.waits_for_window)
    push(from.way_free, event_kind::sent, from.at, from.shared_from_this());
}

void network_core::close(link_side& side, error why) {
  const lock_type lock{mutex_};
  begin_close(side, std::move(why), side.at);
}

/// From now on nothing but the end is told.
/// @param where who must not be paused to be told.
void network_core::begin_close(link_side& side, error why, host* where) {
  if (side.is == link_side::stage::closed) return;
  if (side.is != link_side::stage::closing) {
    side.is = link_side::stage::closing;
    side.verdict = std::move(why);
    side.in.clear();
  }
  push(now(), event_kind::close, where, side.shared_from_this());
}

/// Sends something on its way to the other side.
void network_core::depart(link_side& from, parcel sent) {
  const auto to = from.other;
  if (!to) return;
  const auto& shape = shape_between(from.at, to->at);
  from.way_free =
      std::max(now(), from.way_free) + time_on_the_wire(sent.bytes.size(), shape.bytes_per_second);
  const bool is_frame = sent.what == parcel::kind::frame;
  if (is_frame) to->in_bytes += cost_of(sent.bytes);
  if (to->is == link_side::stage::closing || to->is == link_side::stage::closed) return;
  if (is_frame && shape.loss_ppm > 0 && from.random.chance(shape.loss_ppm, 1'000'000) &&
      !std::exchange(to->cut_off, true)) {
    ++counters_.links_broken;
    doom(from);
    doom(*to);
  }
  if (to->cut_off) return;
  append(*to, std::move(sent), from.way_free + shape.latency.draw(from.random));
}

/// In order, whatever each takes.
void network_core::append(link_side& to, parcel sent, time_point arrives) {
  to.last_arrival = sent.arrives = std::max(to.last_arrival, arrives);
  to.in.push_back(std::move(sent));
  expect_arrival(to);
}

void network_core::expect_arrival(link_side& to) {
  if (to.arrival_due || to.held_back || to.in.empty()) return;
  to.arrival_due = true;
  push(std::max(now(), to.in.front().arrives), event_kind::arrival, to.at, to.shared_from_this());
}

void network_core::happen(link_side& side, event_kind kind, std::uint32_t epoch) {
  switch (kind) {
  case event_kind::arrival:
    side.arrival_due = false;
    return arrive(side);
  case event_kind::sent:
    if (side.is != link_side::stage::open) return;
    side.sending = false;
    return call_out(side.at, side.owner.get(), [heard = side.listener] { heard->on_sent(); });
  case event_kind::close:
    if (side.is == link_side::stage::closing) finish(side, side.verdict);
    return;
  case event_kind::handshake:
    if (side.is == link_side::stage::opening)
      finish(side, {fabric_errc::unreachable, "no answer in time"});
    return;
  case event_kind::silence:
    if (!side.silent || side.silence_epoch != epoch || side.is != link_side::stage::open) return;
    ++counters_.links_silent;
    return finish(
        side, {fabric_errc::closed, "nothing was heard of node \"" + side.peer_.who.node + "\""});
  case event_kind::task:
    return;
  }
}

void network_core::arrive(link_side& to) {
  if (to.in.empty() || to.is == link_side::stage::closed) return;
  if (to.at->down) return to.in.clear();
  if (!passes(to.there, to.at)) {
    to.held_back = true;
    return look_at(to); // the other side may be gone already
  }
  auto first = std::move(to.in.front());
  to.in.pop_front();
  switch (first.what) {
  case parcel::kind::request:
    take_request(to);
    break;
  case parcel::kind::opened:
    take_opened(to);
    break;
  case parcel::kind::frame:
    ++counters_.frames_delivered;
    note("frame", to.there->name, to.at->name, first.bytes.size());
    call_out(to.at, to.owner.get(),
             [heard = to.listener, &first] { heard->on_frame(first.bytes); });
    consumed(to, cost_of(first.bytes));
    break;
  case parcel::kind::end:
    finish(to, first.why);
    break;
  }
  expect_arrival(to);
}

void network_core::take_request(link_side& to) {
  const auto here = listens_at(to.address);
  if (!here || (to.at->refused_ppm > 0 &&
                to.random.chance(static_cast<std::size_t>(to.at->refused_ppm), 1'000'000)))
    return refuse(to, {fabric_errc::unreachable, "nobody listens at " + to.address});
  if (here->who.cluster != to.peer_.who.cluster)
    return refuse(to,
                  {fabric_errc::not_trusted,
                   "node \"" + here->who.node + "\" is of cluster \"" + here->who.cluster + "\""});
  std::shared_ptr<link_listener> listener;
  call_out(to.at, here.get(), [&, accept = here->accept] { listener = accept(to.peer_); });
  const bool late = to.is == link_side::stage::closed; // whoever asked has gone meanwhile
  if (!late && (!listener || here->stopped))
    refuse(to, {fabric_errc::closed, "node \"" + here->who.node + "\" takes no link"});
  if (to.is == link_side::stage::closed) {
    const error why{late ? fabric_errc::closed : fabric_errc::stopped,
                    "the link was not opened in the end"};
    call_out(to.at, here.get(), [&, dead = here->dead] {
      if (const auto heard = std::exchange(listener, nullptr); heard && !dead)
        heard->on_closed(why);
    });
    return;
  }
  to.listener = listener;
  enroll(to, here);
  to.is = link_side::stage::open;
  to.other->peer_ = {here->who, {}, to.address};
  depart(to, {parcel::kind::opened, {}, {}, {}});
  look_at(to);
  note("open", to.there->name, to.at->name);
  call_out(to.at, here.get(), [&] { listener->on_open(to.shared_from_this()); });
}

void network_core::refuse(link_side& to, error why) {
  depart(to, {parcel::kind::end, {}, {}, std::move(why)});
  to.other.reset();
  discard(to);
}

void network_core::take_opened(link_side& to) {
  to.is = link_side::stage::open;
  ++counters_.links_opened;
  look_at(to);
  note("open", to.there->name, to.at->name);
  call_out(to.at, to.owner.get(),
           [&to, heard = to.listener] { heard->on_open(to.shared_from_this()); });
}

/// What was read makes place for more.
void network_core::consumed(link_side& to, std::size_t bytes) {
  to.in_bytes -= bytes;
  const auto& from = to.other;
  if (!from || !from->waits_for_window || to.in_bytes > options_.window_bytes) return;
  from->waits_for_window = false;
  push(std::max(now(), from->way_free), event_kind::sent, from->at, from);
}

void network_core::finish(link_side& side, const error& why) {
  if (side.is == link_side::stage::closed) return;
  const auto self = side.shared_from_this();
  const auto owner = dismiss(side);
  auto listener = std::move(side.listener);
  const auto reason = why; // may be of what ends here
  side.is = link_side::stage::closed;
  side.in.clear();
  if (const auto other = side.other; other && !other->owner)
    discard(*other);
  else
    depart(side, {parcel::kind::end, {}, {}, {fabric_errc::closed, "the peer: " + reason.context}});
  side.other.reset();
  if (listener)
    call_out(side.at, owner.get(), [&] { std::exchange(listener, nullptr)->on_closed(reason); });
}

} // namespace troupe::cluster::testing
