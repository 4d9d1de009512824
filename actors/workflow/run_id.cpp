#include "actors/workflow/run_id.hpp"

#include <algorithm>
#include <ctime>
#include <fmt/format.h>
#include <random>

namespace troupe::workflow {

std::string make_run_id(time_point now) {
  using namespace std::chrono;
  // Without l and o, 0 and 1, which are hard to tell apart.
  constexpr std::string_view letters = "abcdefghijkmnpqrstuvwxyz23456789";
  const auto seconds_part = floor<seconds>(now);
  const std::time_t moment = system_clock::to_time_t(seconds_part);
  std::tm utc{};
  gmtime_r(&moment, &utc);
  std::random_device entropy;
  std::string tail;
  for (int i = 0; i < 4; ++i)
    tail += letters[entropy() % letters.size()];
  return fmt::format("{:04}{:02}{:02}-{:02}{:02}{:02}-{:03}-{}", utc.tm_year + 1900, utc.tm_mon + 1,
                     utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                     duration_cast<milliseconds>(now - seconds_part).count(), tail);
}

bool is_run_id(std::string_view id) {
  return !id.empty() && id.size() <= 128 && id[0] != '.' && id[0] != '-' &&
         std::all_of(id.begin(), id.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
         });
}

} // namespace troupe::workflow
