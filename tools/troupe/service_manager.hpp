#pragma once

#include <memory>
#include <spdlog/formatter.h>
#include <string>
#include <string_view>

namespace troupe::cli {

/// Tells who started this process as a service how it stands ("READY=1"), where NOTIFY_SOCKET names a socket: the protocol of
/// sd_notify(3). Nothing happens elsewhere; what cannot be told is not worth ending for.
void tell_service_manager(std::string_view state) noexcept;

/// Log lines as JSON objects: {"time", "level", "node", "message"}.
[[nodiscard]] std::unique_ptr<spdlog::formatter> make_json_lines(std::string node);

} // namespace troupe::cli
