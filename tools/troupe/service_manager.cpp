#include "tools/troupe/service_manager.hpp"

#include "tools/troupe/run_view.hpp"

#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace troupe::cli {
namespace {

class json_lines final : public spdlog::formatter {
public:
  explicit json_lines(std::string node) : node_(std::move(node)) {}

  void format(const spdlog::details::log_msg& said, spdlog::memory_buf_t& to) override {
    const auto level = spdlog::level::to_string_view(said.level);
    const nlohmann::ordered_json made{
        {"time",
         iso_time(std::chrono::time_point_cast<std::chrono::system_clock::duration>(said.time))},
        {"level", std::string_view{level.data(), level.size()}},
        {"node", node_},
        {"message", std::string_view{said.payload.data(), said.payload.size()}}};
    // What is no UTF-8 is replaced: a log line is never lost for that.
    const std::string line =
        made.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    to.append(line.data(), line.data() + line.size());
  }

  [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<json_lines>(node_);
  }

private:
  std::string node_;
};

} // namespace

void tell_service_manager(std::string_view state) noexcept {
  const char* where = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  if (!where || (*where != '/' && *where != '@')) return;
  const std::size_t length = std::strlen(where);
  if (length >= sizeof address.sun_path) return;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, where, length);
  if (*where == '@') address.sun_path[0] = '\0'; // a name without a file
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
  static_cast<void>(::sendto(socket, state.data(), state.size(), MSG_NOSIGNAL,
                             reinterpret_cast<const sockaddr*>(&address), size));
  ::close(socket);
}

std::unique_ptr<spdlog::formatter> make_json_lines(std::string node) {
  return std::make_unique<json_lines>(std::move(node));
}

} // namespace troupe::cli
