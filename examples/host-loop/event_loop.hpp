#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace shop {

/// The main loop that this host had before it met troupe: one thread, `poll`, lines of standard input, signals. What
/// other threads want done here they `post`.
class event_loop {
public:
  /// Takes SIGINT and SIGTERM away from this thread and from those made later (troupe's among them), so that they
  /// arrive in the loop. Throws `std::system_error` when the system refuses a descriptor.
  event_loop();
  ~event_loop();
  event_loop(const event_loop&) = delete;
  event_loop& operator=(const event_loop&) = delete;

  /// Runs `task` on the loop's thread. Any thread, never blocks.
  void post(std::function<void()> task);

  /// Makes a callback that any thread may call of one that runs on the loop's thread: what is given to troupe.
  template <class Then>
  [[nodiscard]] auto hand_back(Then then) {
    return [this, then = std::make_shared<Then>(std::move(then))](auto&& answer) {
      // Shared, since `std::function` wants what it holds to be copyable and answers need not be.
      auto kept =
          std::make_shared<std::decay_t<decltype(answer)>>(std::forward<decltype(answer)>(answer));
      post([then, kept] { (*then)(std::move(*kept)); });
    };
  }

  /// Serves until SIGINT, SIGTERM or `quit`.
  void run(const std::function<void(const std::string& line)>& on_line);
  /// Runs what was posted by now; `run` does so by itself. The loop's thread.
  void run_posted();
  void quit() { running_ = false; }

private:
  void read_lines(const std::function<void(const std::string& line)>& on_line);

  int signals_ = -1;
  int posted_ = -1;
  bool running_ = true;
  bool input_open_ = true;
  std::string partial_line_;
  std::mutex mutex_;
  std::vector<std::function<void()>> tasks_;
};

} // namespace shop
