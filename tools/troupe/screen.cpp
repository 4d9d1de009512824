#include "tools/troupe/screen.hpp"

#include "tools/troupe/interrupt.hpp"
#include "tools/troupe/terminal_text.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <poll.h>
#include <string_view>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

namespace troupe::cli {

namespace {

constexpr std::string_view take_screen = "\x1b[?1049h\x1b[?25l\x1b[2J";
constexpr std::string_view give_screen_back = "\x1b[0m\x1b[?25h\x1b[?1049l";
/// Ends that nobody handles otherwise.
constexpr std::array crashes{SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGHUP, SIGQUIT};

termios terminal_before{};
volatile std::sig_atomic_t terminal_changed = 0;
volatile std::sig_atomic_t screen_taken = 0;

/// All of it, where that can be had; nothing that a signal handler may not call.
bool write_out(std::string_view text) {
  while (!text.empty()) {
    const ssize_t wrote = ::write(STDOUT_FILENO, text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return true;
}

void restore_terminal() noexcept {
  const int kept = errno;
  if (screen_taken) (void)write_out(give_screen_back);
  if (terminal_changed) (void)tcsetattr(STDIN_FILENO, TCSANOW, &terminal_before);
  screen_taken = 0;
  terminal_changed = 0;
  errno = kept;
}

extern "C" void on_crash(int number) {
  restore_terminal();
  // As it was before this handler: it is gone since it was called (SA_RESETHAND).
  (void)raise(number);
}

/// Only ends a wait.
extern "C" void on_resize(int) {}

void handle(int number, void (*handler)(int), int flags) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigemptyset(&action.sa_mask);
  sigaction(number, &action, nullptr);
}

const char* sequence_of(line_style style) {
  switch (style) {
  case line_style::plain:
    return "";
  case line_style::title:
    return "\x1b[1m";
  case line_style::header:
    return "\x1b[7m";
  case line_style::alarm:
    return "\x1b[31m";
  case line_style::faint:
    return "\x1b[2m";
  }
  return "";
}

} // namespace

bool screen::is_possible() {
  const char* const kind = std::getenv("TERM");
  return isatty(STDOUT_FILENO) && kind && *kind != '\0' && std::strcmp(kind, "dumb") != 0;
}

screen::screen() {
  // https://no-color.org
  const char* const no_color = std::getenv("NO_COLOR");
  coloured_ = !no_color || *no_color == '\0';
  keys_ = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &terminal_before) == 0;
  interrupt::at_forced_end(restore_terminal);
  for (const int each : crashes)
    handle(each, on_crash, static_cast<int>(SA_RESETHAND));
  handle(SIGWINCH, on_resize, 0);
  if (keys_) {
    termios wanted = terminal_before;
    wanted.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    wanted.c_cc[VMIN] = 0;
    wanted.c_cc[VTIME] = 0;
    // Who stops the process would find the terminal as it is now.
    wanted.c_cc[VSUSP] = _POSIX_VDISABLE;
    terminal_changed = 1;
    keys_ = tcsetattr(STDIN_FILENO, TCSANOW, &wanted) == 0;
  }
  screen_taken = 1;
  (void)write_out(take_screen);
}

screen::~screen() {
  restore_terminal();
  interrupt::at_forced_end(nullptr);
  for (const int each : crashes)
    handle(each, SIG_DFL, 0);
  handle(SIGWINCH, SIG_DFL, 0);
}

screen_size screen::size() {
  winsize found{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &found) != 0 || found.ws_col == 0 || found.ws_row == 0)
    return {};
  return {found.ws_col, found.ws_row};
}

bool screen::draw(const std::vector<styled_line>& lines) {
  const screen_size now = size();
  std::string out = "\x1b[H";
  for (std::size_t i = 0; i < lines.size() && i < now.height; ++i) {
    // Wiped first: behind a line of full width a terminal would wipe that line's last column.
    out += i > 0 ? "\r\n\x1b[K" : "\x1b[K";
    const bool bar = lines[i].style == line_style::header;
    const char* const style = coloured_ ? sequence_of(lines[i].style) : "";
    out += style;
    out += bar ? fit(lines[i].text, now.width) : cut(lines[i].text, now.width);
    if (*style) out += "\x1b[0m";
  }
  // The rest of the screen, where there is one.
  if (lines.size() < now.height) out += "\r\n\x1b[J";
  return write_out(out);
}

std::optional<char> screen::wait_for_key(std::chrono::milliseconds most) {
  pollfd input{keys_ ? STDIN_FILENO : -1, POLLIN, 0};
  if (poll(&input, 1, static_cast<int>(most.count())) <= 0 || input.revents == 0)
    return std::nullopt;
  char key = 0;
  const ssize_t got = ::read(STDIN_FILENO, &key, 1);
  if (got == 1) return key;
  if (got == 0 || errno != EINTR) keys_ = false; // nobody is there any more
  return std::nullopt;
}

} // namespace troupe::cli
