#include "actors/agents/report_format.hpp"

#include "actors/agents/words.hpp"
#include "kernels/text/utf8.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <fmt/format.h>

namespace troupe::agents {
namespace {

constexpr std::int64_t milli = 1'000;
constexpr std::int64_t second = 1'000'000;
constexpr std::int64_t minute = 60 * second;
constexpr std::int64_t hour = 60 * minute;

void append_escaped(std::string& out, char c) {
  switch (c) {
  case '&':
    out += "&amp;";
    return;
  case '<':
    out += "&lt;";
    return;
  case '>':
    out += "&gt;";
    return;
  case '"':
    out += "&quot;";
    return;
  case '\'':
    out += "&#39;";
    return;
  case '\x7F':
    out += "\xE2\x90\xA1";
    return;
  case '\t':
  case '\n':
  case '\r':
    out += c;
    return;
  default:
    break;
  }
  const auto byte = static_cast<unsigned char>(c);
  if (byte >= 0x20)
    out += c;
  else
    (out += "\xE2\x90") += static_cast<char>(0x80 + byte); // U+2400 and on
}

} // namespace

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 16);
  if (!text::is_valid_utf8(text)) return escape_html(text::repair_utf8(text).text);
  for (const char c : text)
    append_escaped(out, c);
  return out;
}

std::string ellipsis(std::string_view text, std::size_t columns) {
  const auto width = [&](std::size_t at) { return code_point_at(text, at) >= 0x1100 ? 2U : 1U; };
  std::size_t used = 0, cut = 0;
  for (std::size_t i = 0; i < text.size(); i += sequence_length(text[i])) {
    used += width(i);
    if (used < columns) cut = i + sequence_length(text[i]);
    if (used > columns) return std::string{text.substr(0, cut)} + "…";
  }
  return std::string{text};
}

std::string format_time(std::int64_t micros) {
  const auto seconds = static_cast<std::time_t>(micros / second);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900,
                     utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                     micros % second / milli);
}

std::string format_duration(std::int64_t micros) {
  if (micros < milli) return fmt::format("{} µs", micros);
  if (micros < second) return fmt::format("{:.3g} ms", static_cast<double>(micros) / milli);
  if (micros < minute) return fmt::format("{:.3g} s", static_cast<double>(micros) / second);
  if (micros < hour)
    return fmt::format("{} min {:02} s", micros / minute, micros % minute / second);
  return fmt::format("{} h {:02} min", micros / hour, micros % hour / minute);
}

std::string format_size(std::uint64_t bytes) {
  constexpr std::array units{"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  auto value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < units.size(); ++unit)
    value /= 1024;
  return fmt::format("{:.{}f} {}", value, value < 100 ? 1 : 0, units.at(unit));
}

std::string format_count(std::uint64_t count) {
  auto digits = std::to_string(count);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), "\u202F");
  return digits;
}

std::string plural(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", format_count(count), noun, count == 1 ? "" : "s");
}

std::string_view status_name(report_status status) {
  switch (status) {
  case report_status::pending:
    return "pending";
  case report_status::running:
    return "running";
  case report_status::backing_off:
    return "backing off";
  case report_status::completed:
    return "completed";
  case report_status::failed:
    return "failed";
  case report_status::skipped:
    return "skipped";
  case report_status::cancelled:
    return "cancelled";
  }
  return "unknown";
}

std::vector<std::int64_t> time_ticks(std::int64_t length, std::size_t wanted) {
  std::vector<std::int64_t> steps;
  for (std::int64_t unit = 1; unit < minute; unit *= 10)
    for (const auto factor : {1, 2, 5})
      steps.push_back(unit * factor);
  std::erase_if(steps, [](std::int64_t step) { return step > 10 * second; });
  for (const auto seconds : {15, 30, 60, 120, 300, 600, 900, 1800})
    steps.push_back(seconds * second);
  for (std::int64_t hours = 1; hours <= 100'000; hours *= 10)
    for (const auto factor : {1, 2, 4})
      steps.push_back(hours * factor * hour);
  const auto fits = [&](std::int64_t step) {
    return length / step < static_cast<std::int64_t>(wanted);
  };
  const auto found = std::ranges::find_if(steps, fits);
  const auto step = found == steps.end() ? std::max<std::int64_t>(length, 1) : *found;
  std::vector<std::int64_t> ticks;
  for (std::int64_t at = 0; at <= length; at += step)
    ticks.push_back(at);
  return ticks;
}

} // namespace troupe::agents
