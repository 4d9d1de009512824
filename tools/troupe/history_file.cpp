#include "tools/troupe/history_file.hpp"

#include "tools/troupe/cli_errc.hpp"

#include <fmt/format.h>
#include <fstream>
#include <google/protobuf/util/json_util.h>
#include <nlohmann/json.hpp>

namespace troupe::cli {
namespace {

constexpr std::uintmax_t most_bytes = std::uintmax_t{1} << 30;

} // namespace

result<std::vector<v1::Event>> read_history_file(const std::filesystem::path& path) {
  std::error_code unreadable;
  const auto size = std::filesystem::file_size(path, unreadable);
  if (unreadable)
    return fail(cli_errc::unreadable_input,
                fmt::format("{}: {}", path.string(), unreadable.message()));
  if (size > most_bytes)
    return fail(cli_errc::input_too_large, fmt::format("{}: {} bytes; a history may have {}",
                                                       path.string(), size, most_bytes));
  std::ifstream in{path, std::ios::binary};
  const auto whole = nlohmann::json::parse(in, nullptr, false);
  const auto found = whole.is_object() ? whole.find("history") : whole.end();
  if (!whole.is_object() || found == whole.end() || !found->is_array())
    return fail(
        cli_errc::bad_input,
        fmt::format("{}: not a JSON object with a list 'history'; write one with 'troupe show "
                    "RUN --history --json'",
                    path.string()));
  std::vector<v1::Event> history;
  history.reserve(found->size());
  for (const auto& each : *found) {
    const auto parsed = google::protobuf::util::JsonStringToMessage(
        each.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
        &history.emplace_back());
    if (!parsed.ok())
      return fail(cli_errc::bad_input, fmt::format("{}: event {}: {}", path.string(),
                                                   history.size(), std::string{parsed.message()}));
  }
  return history;
}

} // namespace troupe::cli
