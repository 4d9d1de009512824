#pragma once

#include "cluster/pki/identity.hpp"
#include "kernels/result.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace troupe::cluster {

/// Who is at the other end of a link, as its verified certificate says it.
struct link_peer {
  node_identity who;
  /// Of its certificate, 32 hexadecimal digits; empty where a transport has no certificates (tests).
  std::string serial;
  /// For people: where it speaks from.
  std::string address;
};

/// One open stream between two nodes: frames arrive whole, in order, at most once. Any thread may call; nothing blocks.
class link {
public:
  virtual ~link() = default;
  [[nodiscard]] virtual const link_peer& peer() const = 0;
  /// Hands one frame over. One at a time: the next only after `link_listener::on_sent`. Does nothing on a link that is closed.
  virtual void send(std::string frame) = 0;
  /// Ends the stream; what was handed over may be lost. `on_closed` follows. May be said again.
  virtual void close(std::string reason) = 0;
};

/// Told what one link does. Calls come one at a time, in order, on a thread of the transport, never from within a call to
/// the link; they must not block, and the next frame is read when `on_frame` has returned, which is what holds a peer back.
class link_listener {
public:
  virtual ~link_listener() = default;
  /// First, unless the link could not be opened. Of accepted links, too.
  virtual void on_open(std::shared_ptr<link> opened) = 0;
  /// @param frame valid until this returns.
  virtual void on_frame(std::string_view frame) = 0;
  /// The frame was taken by the network: another may be sent.
  virtual void on_sent() = 0;
  /// Last, exactly once; also where the link could not be opened. Nothing is sent any more.
  virtual void on_closed(const error& why) = 0;
};

/// Opens and accepts links. Only peers whose certificate is of the cluster's authority, valid and not revoked get one; of
/// everything else a transport says why in the log and counts it. Any thread may call.
class transport {
public:
  /// Makes the listener of an accepted link; called on a thread of the transport. nullptr refuses it.
  using acceptor = std::function<std::shared_ptr<link_listener>(const link_peer& from)>;

  virtual ~transport() = default;
  /// Takes links from others at `HOST:PORT`; port 0 for any. Once.
  /// @returns the address with the port in it; `fabric_errc::cannot_listen`.
  [[nodiscard]] virtual result<std::string> listen(const std::string& address, acceptor accept) = 0;
  /// Opens a link to the node that listens at `address`. Does not block: the listener gets `on_open`, or `on_closed` with
  /// the reason, within the transport's bound on a handshake.
  virtual void connect(const std::string& address, std::shared_ptr<link_listener> listener) = 0;
  /// Takes and opens no more, closes every link, and returns when no listener is or will be called. Not from a listener.
  virtual void stop() = 0;
};

/// Bounds that every transport keeps.
struct transport_limits {
  /// A frame above this is refused, and its link closed.
  static constexpr std::size_t frame_bytes = std::size_t{4} << 20;
};

} // namespace troupe::cluster
