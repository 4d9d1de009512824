#include "actors/workflow/cron/schedule.hpp"

#include <date/date.h>
#include <fmt/format.h>

namespace troupe::workflow::cron {
namespace {

/// FNV-1a: the same in every build.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t made = 14'695'981'039'346'656'037u;
  for (const char c : text)
    made = (made ^ static_cast<unsigned char>(c)) * 1'099'511'628'211u;
  // Its low digits differ little where texts do.
  made ^= made >> 33;
  made *= 0xff51afd7ed558ccdu;
  return made ^ made >> 33;
}

/// Two or four digits.
std::optional<unsigned> digits(std::string_view text, std::size_t at, std::size_t count) {
  unsigned made = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    made = made * 10 + static_cast<unsigned>(text[i] - '0');
  }
  return made;
}

} // namespace

std::string run_id_of(const schedule& of, minute_point due) {
  const auto day = std::chrono::floor<date::days>(due);
  const date::year_month_day when{day};
  const auto minutes = (due - day).count();
  return fmt::format("{}.{:04}{:02}{:02}T{:02}{:02}Z", of.name, int{when.year()},
                     unsigned{when.month()}, unsigned{when.day()}, minutes / 60, minutes % 60);
}

std::optional<minute_point> due_of(const schedule& of, std::string_view run_id) {
  constexpr std::string_view form = "YYYYMMDDTHHMMZ";
  if (!run_id.starts_with(of.name) || run_id.size() != of.name.size() + 1 + form.size() ||
      run_id[of.name.size()] != '.')
    return std::nullopt;
  const std::string_view stamp = run_id.substr(of.name.size() + 1);
  const auto year = digits(stamp, 0, 4), month = digits(stamp, 4, 2), day = digits(stamp, 6, 2),
             hour = digits(stamp, 9, 2), minute = digits(stamp, 11, 2);
  if (!year || !month || !day || !hour || !minute || stamp[8] != 'T' || stamp[13] != 'Z')
    return std::nullopt;
  const auto when =
      date::year{static_cast<int>(*year)} / static_cast<int>(*month) / static_cast<int>(*day);
  if (!when.ok() || *hour > 23 || *minute > 59) return std::nullopt;
  return minute_point{date::sys_days{when}} + std::chrono::minutes{*hour * 60 + *minute};
}

std::chrono::system_clock::time_point start_of(const schedule& of, minute_point due) {
  if (of.jitter.count() <= 0) return due;
  return due + std::chrono::milliseconds{hash_of(run_id_of(of, due)) %
                                         static_cast<std::uint64_t>(of.jitter.count())};
}

} // namespace troupe::workflow::cron
