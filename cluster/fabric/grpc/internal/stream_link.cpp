#include "cluster/fabric/grpc/internal/stream_link.hpp"

#include "cluster/fabric/grpc/internal/frames.hpp"

#include <utility>

namespace troupe::cluster {
namespace {

std::string too_big(std::size_t bytes) {
  return "a frame of " + std::to_string(bytes) + " bytes; at most " +
         std::to_string(transport_limits::frame_bytes) + " may be, so send it in pieces";
}

} // namespace

void stream_link::send(std::string frame) {
  const auto bytes = frame.size();
  if (bytes > transport_limits::frame_bytes) return end({fabric_errc::bad_peer, too_big(bytes)});
  const auto buffer = to_buffer(std::move(frame));
  {
    const std::lock_guard lock{mutex_};
    if (phase_ != phase::open) return;
    if (!writing_.going_on) {
      in_.metrics.frames_sent.fetch_add(1, std::memory_order_relaxed);
      in_.metrics.bytes_sent.fetch_add(bytes, std::memory_order_relaxed);
      out_stream_->Write(buffer, writing_.begin());
      return;
    }
  }
  end({fabric_errc::bad_option, "a frame was handed over before the last one was taken"});
}

void stream_link::close(std::string reason) {
  end({fabric_errc::closed, std::move(reason)});
}

void stream_link::end(error why, bool at_once) {
  const std::lock_guard lock{mutex_};
  if (phase_ == phase::over) return;
  if (phase_ != phase::ending) begin_end_locked(std::move(why), true);
  if (at_once) cancel_locked();
  finish_locked();
}

void stream_link::fail(error why) {
  const std::lock_guard lock{mutex_};
  if (phase_ == phase::opening || phase_ == phase::open) begin_end_locked(std::move(why), false);
}

void stream_link::begin_end_locked(error why, bool by_us) {
  phase_ = phase::ending;
  why_ = std::move(why);
  by_us_ = by_us;
  deadline_ = clock::now() + grpc_defaults::linger;
}

bool stream_link::is_in(phase one) {
  const std::lock_guard lock{mutex_};
  return phase_ == one;
}

void stream_link::look(clock::time_point now, std::chrono::sys_seconds date) {
  {
    const std::lock_guard lock{mutex_};
    const bool late = deadline_ && *deadline_ <= now;
    if (late && phase_ == phase::ending) return cancel_locked();
    if (late && phase_ == phase::opening) {
      begin_end_locked(
          {fabric_errc::unreachable, "it gave no link in time; is the node well, and is it one?"},
          true);
      return finish_locked();
    }
    if (phase_ != phase::open) return;
  }
  look_at_certificate(date);
  look_at_frame();
}

void stream_link::look_at_certificate(std::chrono::sys_seconds date) {
  const bool revoked = in_.check.is_revoked(peer_.serial);
  if (!revoked && date < not_after_) return;
  const auto reason = "the certificate of " + peer_.who.node + ", number " + peer_.serial +
                      (revoked ? ", was revoked" : ", has expired");
  in_.refused.note({revoked ? refusal::revoked : refusal::expired, peer_.address, reason});
  end({fabric_errc::not_trusted, reason + "; issue it a new one"});
}

/// gRPC keeps what comes of a message until all of it is there, 4 GiB if that is what a peer has announced.
void stream_link::look_at_frame() {
  const auto frames = frames_.load(std::memory_order_relaxed), bytes = wire_bytes();
  if (frames != frames_seen_) {
    frames_seen_ = frames;
    wire_bytes_seen_ = bytes;
  }
  // Fewer than before are none that are known: the connection has just ended.
  if (bytes <= wire_bytes_seen_ + 2 * transport_limits::frame_bytes) return;
  const auto reason = "a frame of more than " + std::to_string(bytes - wire_bytes_seen_) +
                      " bytes, which is not at its end";
  in_.refused.note({refusal::frame_too_big, peer_.address, reason});
  end({fabric_errc::bad_peer, reason}, true);
}

void stream_link::settle(operation& ended, void (stream_link::*then)(bool), bool good) {
  const auto self = shared_from_this();
  {
    const std::lock_guard lock{mutex_};
    ended.going_on = false;
  }
  (this->*then)(good);
  {
    const std::lock_guard lock{mutex_};
    if (phase_ != phase::ending) return;
    finish_locked();
    if (!finished_ || opening_.going_on || reading_.going_on || writing_.going_on ||
        finishing_.going_on)
      return;
    phase_ = phase::over;
  }
  over();
}

void stream_link::opened(reader& in, writer& out) {
  {
    const std::lock_guard lock{mutex_};
    if (phase_ != phase::opening) return;
    phase_ = phase::open;
    wire_bytes_seen_ = wire_bytes();
    deadline_.reset();
    in_stream_ = &in;
    out_stream_ = &out;
    was_open_ = true;
  }
  in_.metrics.links_opened.fetch_add(1, std::memory_order_relaxed);
  in_.metrics.links.fetch_add(1, std::memory_order_relaxed);
  listener_->on_open(shared_from_this());
  read_on();
}

void stream_link::read_on() {
  const std::lock_guard lock{mutex_};
  if (phase_ == phase::open) in_stream_->Read(&received_, reading_.begin());
}

void stream_link::on_read(bool good) {
  if (!is_in(phase::open)) return;
  if (!good) return fail({fabric_errc::closed, "the peer ended the link, or the network did"});
  deliver();
  read_on();
}

void stream_link::deliver() {
  const auto bytes = received_.Length();
  if (bytes > transport_limits::frame_bytes) {
    in_.refused.note({refusal::frame_too_big, peer_.address, too_big(bytes)});
    return end({fabric_errc::bad_peer, "it has sent " + too_big(bytes)});
  }
  const buffer_view frame{received_};
  frames_.fetch_add(1, std::memory_order_relaxed);
  in_.metrics.frames_received.fetch_add(1, std::memory_order_relaxed);
  in_.metrics.bytes_received.fetch_add(bytes, std::memory_order_relaxed);
  listener_->on_frame(frame.bytes());
  received_.Clear();
}

void stream_link::on_written(bool good) {
  if (good && is_in(phase::open)) listener_->on_sent();
}

void stream_link::on_finished(bool) {
  const std::lock_guard lock{mutex_};
  finished_ = true;
}

void stream_link::over() {
  const auto why = conclude(std::move(why_));
  received_.Clear();
  if (was_open_) in_.metrics.links.fetch_sub(1, std::memory_order_relaxed);
  if (listener_) listener_->on_closed(why);
  listener_.reset();
  in_.over(shared_from_this());
}

} // namespace troupe::cluster
