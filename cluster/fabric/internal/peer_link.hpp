#pragma once

#include "cluster/fabric/internal/session.hpp"
#include "cluster/fabric/transport.hpp"

#include <functional>
#include <memory>
#include <string>

namespace troupe::cluster {

class fabric_core;

/// One link from its opening to its end: the exchange of hellos, then frames for the session of the peer. Called by the
/// transport alone, one call at a time.
class peer_link final : public link_listener, public std::enable_shared_from_this<peer_link> {
public:
  using reached_callback = std::function<void(result<std::string>)>;

  /// Of a link that is opened here.
  /// @param expected the node that should be there; nullptr for whoever it is, of whom `then` hears.
  peer_link(std::shared_ptr<fabric_core> core, std::shared_ptr<session> expected,
            reached_callback then);
  /// Of a link that is accepted.
  explicit peer_link(std::shared_ptr<fabric_core> core);

  void on_open(std::shared_ptr<link> opened) override;
  void on_frame(std::string_view frame) override;
  void on_sent() override;
  void on_closed(const error& why) override;

private:
  enum class stage { opening, greeting, open, leaving };

  [[nodiscard]] std::optional<farewell> greet(std::string_view frame);
  [[nodiscard]] std::optional<farewell> fault_of(const v1::Hello& said) const;
  void leave(const farewell& why);
  void watch_greeting();
  void tell_reached(result<std::string> outcome);

  const std::shared_ptr<fabric_core> core_;
  const bool dialled_;
  std::shared_ptr<session> session_;
  reached_callback then_;
  std::shared_ptr<link> link_;
  stage stage_ = stage::opening;
  std::atomic<bool> greeted_ = false;
  /// The hello that is sent on opening is under way.
  bool writing_ = false;
};

} // namespace troupe::cluster
