#pragma once

#include "cluster/fabric/transport.hpp"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace troupe::test {

/// What all listeners of a test write down, and what a test waits at.
struct monitor {
  std::mutex mutex;
  std::condition_variable changed;
};

/// Writes down what it is told, and what of that breaks the contract of `link_listener`.
class recording_listener final : public cluster::link_listener {
public:
  explicit recording_listener(std::shared_ptr<monitor> at) : at_(std::move(at)) {}

  /// What to do then, too; called without a lock. Set before the link is opened.
  std::function<void(recording_listener&)> when_open, when_sent, when_closed;
  std::function<void(recording_listener&, std::string_view)> when_frame;

  void on_open(std::shared_ptr<cluster::link> opened) override {
    told("on_open", [&] {
      if (link_) broken_.emplace_back("on_open twice");
      link_ = std::move(opened);
    });
    if (when_open) when_open(*this);
    within_--;
  }
  void on_frame(std::string_view frame) override {
    told("on_frame", [&] {
      if (!link_) broken_.emplace_back("on_frame before on_open");
      frames_.emplace_back(frame);
    });
    if (when_frame) when_frame(*this, frame);
    within_--;
  }
  void on_sent() override {
    told("on_sent", [&] {
      if (!std::exchange(sending_, false)) broken_.emplace_back("on_sent without a send");
    });
    if (when_sent) when_sent(*this);
    within_--;
  }
  void on_closed(const error& why) override {
    told("on_closed", [&] { closed_ = why; });
    if (when_closed) when_closed(*this);
    within_--;
  }

  void send(std::string frame) {
    with_link([&] { sending_ = true; }, [&](cluster::link& to) { to.send(std::move(frame)); });
  }
  void close(std::string reason) {
    with_link([] {}, [&](cluster::link& to) { to.close(std::move(reason)); });
  }
  /// Ends what holds the link, and with it what the link holds.
  void let_go() {
    std::shared_ptr<cluster::link> dropped;
    const std::lock_guard lock{at_->mutex};
    dropped = std::move(link_);
  }

  [[nodiscard]] std::shared_ptr<cluster::link> link() const {
    const std::lock_guard lock{at_->mutex};
    return link_;
  }
  [[nodiscard]] std::vector<std::string> frames() const {
    const std::lock_guard lock{at_->mutex};
    return frames_;
  }
  [[nodiscard]] std::optional<error> closed() const {
    const std::lock_guard lock{at_->mutex};
    return closed_;
  }
  [[nodiscard]] bool sending() const {
    const std::lock_guard lock{at_->mutex};
    return sending_;
  }
  [[nodiscard]] std::size_t count() const {
    const std::lock_guard lock{at_->mutex};
    return frames_.size();
  }
  /// What broke the contract; one a line.
  [[nodiscard]] std::string broken() const {
    const std::lock_guard lock{at_->mutex};
    std::string all;
    for (const auto& each : broken_)
      all += each + "\n";
    return all;
  }

private:
  template <class Note>
  void told(const char* what, Note note) {
    const std::lock_guard lock{at_->mutex};
    if (within_++ != 0) broken_.push_back(std::string{what} + " during another call");
    if (calls_of_this_thread > 0)
      broken_.push_back(std::string{what} + " from within a call to a link");
    if (closed_) broken_.push_back(std::string{what} + " after on_closed");
    note();
    at_->changed.notify_all();
  }
  template <class Note, class Call>
  void with_link(Note note, Call call) {
    std::shared_ptr<cluster::link> to;
    {
      const std::lock_guard lock{at_->mutex};
      to = link_;
      note();
    }
    ++calls_of_this_thread;
    call(*to);
    --calls_of_this_thread;
  }

  static inline thread_local int calls_of_this_thread = 0;
  const std::shared_ptr<monitor> at_;
  std::atomic<int> within_ = 0;
  std::shared_ptr<cluster::link> link_;
  std::vector<std::string> frames_;
  std::optional<error> closed_;
  std::vector<std::string> broken_;
  bool sending_ = false;
};

} // namespace troupe::test
