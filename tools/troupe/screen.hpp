#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace troupe::cli {

/// How a line looks where there are colours.
enum class line_style { plain, title, header, alarm, faint };

struct styled_line {
  /// Printable.
  std::string text;
  line_style style = line_style::plain;
};

struct screen_size {
  std::size_t width = 80, height = 24;
  bool operator==(const screen_size&) const = default;
};

/// The terminal's other screen, taken for as long as this lives: plain ANSI sequences, no echo, keys one by one. However the
/// process ends but by SIGKILL, the terminal is as it was: also by a second Ctrl-C, and where it crashes. One at a time.
class screen {
public:
  /// Whether standard output is a terminal that can be drawn on.
  [[nodiscard]] static bool is_possible();

  screen();
  ~screen();
  screen(const screen&) = delete;
  screen& operator=(const screen&) = delete;

  [[nodiscard]] static screen_size size();
  /// Draws the lines from the top, each cut to the width. @returns false when nobody can see them.
  [[nodiscard]] bool draw(const std::vector<styled_line>& lines);

  /// Waits for a key, at most so long; shorter where a signal comes or the terminal has another size.
  [[nodiscard]] std::optional<char> wait_for_key(std::chrono::milliseconds most);

private:
  bool coloured_ = true;
  bool keys_ = true;
};

} // namespace troupe::cli
