#include "tools/troupe/console.hpp"

#include "tools/troupe/interrupt.hpp"

#include <algorithm>
#include <cstdio>
#include <fmt/format.h>
#include <iostream>
#include <iterator>
#include <poll.h>
#include <unistd.h>
#include <utility>

namespace troupe::cli {

namespace {

/// Columns on a terminal, counted as code points: labels and names here are not wide.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

/// Whether standard output is a pipe (or a socket) whose reader has gone.
bool nobody_reads() {
  pollfd output{STDOUT_FILENO, POLLOUT, 0};
  return poll(&output, 1, 0) == 1 && (output.revents & (POLLERR | POLLHUP)) != 0;
}

} // namespace

void print_error(std::string_view message) {
  std::cerr << "troupe: error: " << message << '\n';
}

void print_warning(std::string_view message) {
  std::cerr << "troupe: warning: " << message << '\n';
}

exit_code report(const error& what, exit_code code) {
  print_error(what.message());
  return code;
}

exit_code report(const failure& what) {
  print_error(fmt::format("{} [{}]", what.message, what.type));
  return exit_code::failed;
}

exit_code report_interrupted(std::string_view hint) {
  std::cerr << "troupe: interrupted" << (hint.empty() ? "" : "; ") << hint << '\n';
  return exit_code::interrupted;
}

bool print_line(std::string_view line) {
  std::cout.write(line.data(), static_cast<std::streamsize>(line.size()));
  std::cout.put('\n');
  return std::cout.good();
}

exit_code report_closed_output() {
  if (interrupt::requested()) return report_interrupted(); // which ended the write
  if (nobody_reads()) return exit_code::broken_pipe;
  print_error("cannot write to standard output; its disk is full or the place cannot be written");
  return exit_code::failed;
}

exit_code close_output(exit_code code) {
  std::cout.flush();
  return std::cout.good() || code != exit_code::ok ? code : report_closed_output();
}

table::table(std::vector<std::string> header, std::vector<std::size_t> right)
    : right_{std::move(right)} {
  rows_.push_back(std::move(header));
}

void table::add(std::vector<std::string> row) {
  rows_.push_back(std::move(row));
}

bool table::print() const {
  std::vector<std::size_t> widths(rows_.front().size());
  for (const auto& row : rows_)
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], width(row[i]));
  return std::all_of(rows_.begin(), rows_.end(), [&](const auto& row) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string pad(widths[i] - width(row[i]), ' ');
      const bool flush_right = std::find(right_.begin(), right_.end(), i) != right_.end();
      line += i ? "  " : "";
      line += flush_right ? pad + row[i] : row[i] + pad;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    return print_line(line);
  });
}

} // namespace troupe::cli
