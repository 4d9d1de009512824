#include "cluster/launch/internal/process_mark.hpp"

#include "actors/agents/posix.hpp"
#include "cluster/launch/defaults.hpp"

#include <charconv>
#include <csignal>
#include <ctime>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace troupe::cluster {
namespace {

using agents::file_descriptor;

/// Up to the next blank.
std::string_view take_word(std::string_view& text) {
  const auto end = std::min(text.find_first_of(" \n"), text.size());
  const auto word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

template <class Number>
bool read_number(std::string_view word, Number& into) {
  const auto [end, code] = std::from_chars(word.data(), word.data() + word.size(), into);
  return code == std::errc{} && end == word.data() + word.size();
}

/// A short text of the system or of a node's folder; empty where there is none.
std::string read_short(const std::filesystem::path& file) {
  const file_descriptor in{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
  std::string text;
  if (!in || agents::read_all(in.get(), launch_defaults::file_bytes, text) != 0) return {};
  return text;
}

std::optional<std::uint64_t> start_of(pid_t pid) {
  return start_in_stat(read_short("/proc/" + std::to_string(pid) + "/stat"));
}

} // namespace

std::optional<process_mark> parse_mark(std::string_view text) {
  process_mark made;
  if (!read_number(take_word(text), made.pid) || made.pid <= 1) return std::nullopt;
  if (!read_number(take_word(text), made.start)) return std::nullopt;
  made.boot = take_word(text);
  return made.boot.empty() ? std::nullopt : std::optional{made};
}

std::optional<process_mark> read_mark(const std::filesystem::path& file) {
  return parse_mark(read_short(file));
}

std::optional<std::uint64_t> start_in_stat(std::string_view stat) {
  // The second field is the program's name in brackets, which may have blanks and brackets of its own.
  const auto name_end = stat.rfind(") ");
  if (name_end == std::string_view::npos) return std::nullopt;
  auto rest = stat.substr(name_end + 2);
  const auto state = take_word(rest);
  if (state == "Z" || state == "X") return std::nullopt;
  constexpr int fields_between = 18; // the 4th to the 21st
  for (int i = 0; i < fields_between; ++i)
    take_word(rest);
  std::uint64_t start = 0;
  return read_number(take_word(rest), start) ? std::optional{start} : std::nullopt;
}

std::optional<std::chrono::system_clock::time_point> wall_start_of(pid_t pid) {
  const auto ticks = start_of(pid);
  timespec since_boot{};
  if (!ticks || ::clock_gettime(CLOCK_BOOTTIME, &since_boot) != 0) return std::nullopt;
  const std::chrono::duration<double> up{static_cast<double>(since_boot.tv_sec) +
                                         static_cast<double>(since_boot.tv_nsec) * 1e-9};
  const std::chrono::duration<double> began{static_cast<double>(*ticks) /
                                            static_cast<double>(::sysconf(_SC_CLK_TCK))};
  return std::chrono::system_clock::now() -
         std::chrono::duration_cast<std::chrono::system_clock::duration>(up - began);
}

std::string boot_id() {
  auto text = read_short("/proc/sys/kernel/random/boot_id");
  while (!text.empty() && text.back() == '\n')
    text.pop_back();
  return text.empty() ? "unknown" : text;
}

bool is_alive(const process_mark& mark) {
  return mark.boot == boot_id() && start_of(mark.pid) == mark.start;
}

bool send_signal(const process_mark& mark, int signal) {
  // The descriptor is of the process that has the number now, and of no later one; then it is asked who that is.
  const file_descriptor held{static_cast<int>(::syscall(SYS_pidfd_open, mark.pid, 0))};
  if (!held || !is_alive(mark)) return false;
  return ::syscall(SYS_pidfd_send_signal, held.get(), signal, nullptr, 0) == 0;
}

bool kill_group(const process_mark& mark) {
  if (!is_alive(mark)) return false;
  // A group's number is not used again while its first process is there.
  return ::kill(-mark.pid, SIGKILL) == 0 || send_signal(mark, SIGKILL);
}

} // namespace troupe::cluster
