#pragma once

#include <atomic>
#include <cstddef>
#include <limits>
#include <string>
#include <thread>

namespace troupe::test {

/// Stands between two nodes on the loopback device and passes on what they say, until it does not any more, as a network
/// that loses everything: no connection ends.
class freezing_proxy {
public:
  /// @param to where it passes one connection on to.
  explicit freezing_proxy(const std::string& to);
  ~freezing_proxy();
  freezing_proxy(const freezing_proxy&) = delete;

  [[nodiscard]] const std::string& address() const { return address_; }
  void freeze() { frozen_ = true; }
  /// Once it has passed on about so many bytes of whoever connected.
  void freeze_after(std::size_t bytes) { bytes_left_ = bytes; }

private:
  void run();

  int listener_ = -1, to_port_;
  std::string address_;
  std::atomic<std::size_t> bytes_left_{std::numeric_limits<std::size_t>::max()};
  std::atomic<bool> frozen_{false}, ending_{false};
  std::thread thread_;
};

} // namespace troupe::test
