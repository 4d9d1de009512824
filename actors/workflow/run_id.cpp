#include "actors/workflow/run_id.hpp"

#include "actors/workflow/checksum.hpp"

#include <algorithm>
#include <ctime>
#include <fmt/format.h>
#include <random>

namespace troupe::workflow {
namespace {

std::uint64_t seed() {
  std::random_device entropy;
  return std::uint64_t{entropy()} << 32U | entropy();
}

std::string date_of(std::time_t moment) {
  std::tm utc{};
  gmtime_r(&moment, &utc);
  return fmt::format("{:04}{:02}{:02}-{:02}{:02}{:02}-", utc.tm_year + 1900, utc.tm_mon + 1,
                     utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

} // namespace

std::string make_run_id(time_point now) {
  using namespace std::chrono;
  // Without l and o, 0 and 1, which are hard to tell apart.
  constexpr std::string_view letters = "abcdefghijkmnpqrstuvwxyz23456789";
  const auto seconds_part = floor<seconds>(now);
  const std::time_t moment = system_clock::to_time_t(seconds_part);
  // Once a second: of a short run in memory the date alone took a thirtieth of the time.
  thread_local std::pair<std::time_t, std::string> last{moment, date_of(moment)};
  if (last.first != moment) last = {moment, date_of(moment)};
  // Seeded once a thread: the device is a system call, or a slow instruction.
  thread_local std::mt19937_64 random{seed()};
  std::string made = last.second;
  const auto thousandths = duration_cast<milliseconds>(now - seconds_part).count();
  for (const auto place : {100, 10, 1})
    made += static_cast<char>('0' + thousandths / place % 10);
  made += '-';
  auto bits = random();
  for (int i = 0; i < 8; ++i, bits >>= 5U)
    made += letters[bits % letters.size()];
  return made;
}

bool is_run_id(std::string_view id) {
  return !id.empty() && id.size() <= 128 && id[0] != '.' && id[0] != '-' &&
         std::all_of(id.begin(), id.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
         });
}

std::string child_run_id(const std::string& parent, const std::string& step, std::uint32_t index,
                         std::uint32_t attempt) {
  constexpr std::size_t longest = 128;
  constexpr std::size_t kept = 64;
  std::string made = fmt::format("{}..{}.{}", parent, step, index);
  if (attempt > 1) made += fmt::format(".{}", attempt);
  if (made.size() <= longest) return made;
  checksummer sums;
  std::string sum;
  for (const unsigned char byte : sums.add(made).finish())
    sum += fmt::format("{:02x}", byte);
  made.resize(kept);
  return made + "..." + sum;
}

bool is_child_run_id(std::string_view id) {
  return id.find("..") != std::string_view::npos;
}

std::string parent_run_id(std::string_view id) {
  if (id.find("...") != std::string_view::npos) return {};
  const std::size_t end = id.rfind("..");
  return std::string{end == std::string_view::npos ? std::string_view{} : id.substr(0, end)};
}

} // namespace troupe::workflow
