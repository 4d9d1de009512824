#pragma once

#include "actors/workflow/cron/cron_expression.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace date {
class time_zone;
}

namespace troupe::workflow::cron {

using minute_point = std::chrono::time_point<std::chrono::system_clock, std::chrono::minutes>;

/// A zone of the system's time zone database; lives as long as the program.
class zone {
public:
  /// Coordinated Universal Time.
  zone() : zone(*find("UTC")) {}
  /// @param name e.g. `Europe/Berlin`.
  /// @returns the complaint: there is no such zone, or no database.
  [[nodiscard]] static tl::expected<zone, std::string> find(std::string_view name);
  [[nodiscard]] const date::time_zone& get() const { return *known_; }
  [[nodiscard]] std::string name() const;

private:
  explicit zone(const date::time_zone* known) : known_(known) {}
  const date::time_zone* known_;
};

/// When the expression is due in the zone after `after`, up to `until`, at most `most` times, ascending.
///
/// Where clocks are put forward, what would be due in the hour that is not is due at its end, once; where they are put back,
/// what is due in the hour that is twice is due in the first one. An expression for every hour (`any_hour`) goes by the time
/// that passes instead: it is due whenever the clock on the wall fits.
[[nodiscard]] std::vector<minute_point> due_times(const expression& of, const zone& in,
                                                  std::chrono::system_clock::time_point after,
                                                  std::chrono::system_clock::time_point until,
                                                  std::size_t most);

/// The next time; absent where there is none within ten years.
[[nodiscard]] std::optional<minute_point> next_due(const expression& of, const zone& in,
                                                   std::chrono::system_clock::time_point after);

} // namespace troupe::workflow::cron
