#include "actors/scheduling/limits/rate.hpp"

#include <charconv>
#include <fmt/format.h>

namespace troupe::scheduling {

tl::expected<rate_text, std::string> split_rate(std::string_view text) {
  const auto bad = [&](std::string_view why) {
    return tl::unexpected(fmt::format("bad rate '{}': {}; write starts per time, e.g. 10/s, 6/m or "
                                      "100/30s",
                                      text.substr(0, 40), why));
  };
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return bad("there is no '/'");
  const std::string_view number = text.substr(0, slash);
  rate_text made;
  const auto read = std::from_chars(number.data(), number.data() + number.size(), made.count);
  if (number.empty() || read.ec != std::errc{} || read.ptr != number.data() + number.size() ||
      made.count == 0 || made.count > rate_limits::count)
    return bad("before the '/' stands no whole number from 1 to 1000000");
  made.per = text.substr(slash + 1);
  if (made.per.empty()) return bad("behind the '/' stands no time");
  if (made.per.front() < '0' || made.per.front() > '9') made.per.insert(0, "1");
  return made;
}

} // namespace troupe::scheduling
