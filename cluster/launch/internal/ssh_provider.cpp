#include "cluster/launch/internal/ssh_provider.hpp"

#include "cluster/launch/internal/at_once.hpp"
#include "cluster/launch/internal/process_mark.hpp"
#include "cluster/launch/internal/remote_scripts.hpp"
#include "cluster/launch/internal/ssh_session.hpp"

#include <charconv>
#include <cstdlib>
#include <map>
#include <mutex>

namespace troupe::cluster {
namespace {

namespace fs = std::filesystem;

/// A folder of this user alone, gone with this object; its path is short, as those of sockets must be.
class socket_folder {
public:
  static result<std::unique_ptr<socket_folder>> make() {
    std::string pattern = "/tmp/troupe-ssh-XXXXXX";
    if (!::mkdtemp(pattern.data()))
      return fail(launch_errc::provider_failed, "cannot make a folder in /tmp for connections");
    return std::unique_ptr<socket_folder>{new socket_folder{std::move(pattern)}};
  }
  ~socket_folder() {
    std::error_code none;
    fs::remove_all(path_, none);
  }
  socket_folder(const socket_folder&) = delete;
  socket_folder& operator=(const socket_folder&) = delete;
  [[nodiscard]] const fs::path& path() const { return path_; }

private:
  explicit socket_folder(std::string path) : path_{std::move(path)} {}
  fs::path path_;
};

/// What the look script printed.
result<node_look> parse_look(const std::string& said) {
  const auto line = said.substr(0, said.find('\n'));
  if (line == "absent") return node_look{};
  if (line == "ended") return node_look{node_phase::ended, std::nullopt, {}};
  constexpr std::string_view alive = "alive ";
  const auto mark = line.starts_with(alive) ? parse_mark(line.substr(alive.size())) : std::nullopt;
  if (!mark) return fail(launch_errc::provider_failed, "the host's shell answers '" + line + "'");
  auto status = parse_node_status(said.substr(std::min(line.size() + 1, said.size())));
  if (!status || status->pid != mark->pid) return node_look{node_phase::starting, std::nullopt, {}};
  return node_look{node_phase::ready, std::move(*status), {}};
}

class ssh_provider final : public node_provider {
public:
  ssh_provider(ssh_provider_spec spec, std::string cluster, std::uint64_t generation,
               std::unique_ptr<socket_folder> sockets)
      : spec_{std::move(spec)}, cluster_{std::move(cluster)},
        generation_{generation}, sockets_{std::move(sockets)} {}

  result<void> start(const node_plan& plan) override {
    return only_done(run(plan.entry, start_script(place(plan.entry), spec_.binary, plan)));
  }

  result<std::vector<node_look>> look(std::span<const node_entry> nodes) override {
    // One script for all nodes of a host.
    std::map<std::string, std::vector<std::size_t>> hosts;
    for (std::size_t i = 0; i < nodes.size(); ++i)
      hosts[nodes[i].host].push_back(i);
    std::vector<std::vector<std::size_t>> groups;
    for (auto& [host, indices] : hosts)
      groups.push_back(std::move(indices));
    std::vector<node_look> all(nodes.size());
    auto done = each_at_once(groups.size(),
                             [&](std::size_t i) { return look_at_host(nodes, groups[i], all); });
    if (!done) return tl::unexpected(std::move(done.error()));
    return all;
  }

  result<void> stop(const node_entry& node, stop_how how) override {
    return only_done(run(node, stop_script(place(node), how)));
  }
  result<void> write_seeds(const node_entry& node, const std::string& text) override {
    return only_done(run(node, file_script(place(node), {"seeds", text, false})));
  }
  result<void> purge(const node_entry& node) override {
    return only_done(run(node, purge_script(place(node))));
  }

  result<log_part> read_log(const node_entry& node, std::uint64_t from,
                            std::size_t limit) override {
    auto said = run(node, log_script(place(node), from, limit));
    if (!said) return tl::unexpected(std::move(said.error()));
    log_part made;
    std::uint64_t begin = 0;
    const auto end = std::min(said->find('\n'), said->size());
    std::from_chars(said->data(), said->data() + end, begin);
    made.text = said->substr(std::min(end + 1, said->size()));
    made.next = begin + made.text.size();
    return made;
  }

  [[nodiscard]] std::chrono::milliseconds look_interval() const override {
    return launch_defaults::far_look;
  }

private:
  [[nodiscard]] remote_place place(const node_entry& node) const {
    return {remote_folder(spec_, cluster_, node.name), generation_};
  }
  static result<void> only_done(const result<std::string>& of) {
    if (!of) return tl::unexpected(of.error());
    return {};
  }

  result<std::string> run(const node_entry& node, const std::string& script) {
    auto open = session(node.host);
    if (!open) return tl::unexpected(std::move(open.error()));
    return (*open)->run(script);
  }

  result<void> look_at_host(std::span<const node_entry> nodes,
                            const std::vector<std::size_t>& indices, std::vector<node_look>& into) {
    std::vector<remote_place> places;
    for (const auto i : indices)
      places.push_back(place(nodes[i]));
    auto said = run(nodes[indices.front()], look_script(places));
    if (!said) return tl::unexpected(std::move(said.error()));
    std::string_view rest = *said;
    for (const auto i : indices) {
      const auto end = rest.find(look_end);
      auto seen = parse_look(std::string{rest.substr(0, end)});
      if (!seen) return tl::unexpected(std::move(seen.error()));
      into[i] = std::move(*seen);
      rest.remove_prefix(
          std::min(end == std::string_view::npos ? end : end + look_end.size(), rest.size()));
    }
    return {};
  }

  /// The connection to a host, opened by whoever needs it first; meanwhile the others of that host wait.
  result<ssh_session*> session(const std::string& host) {
    auto& at = slot(host);
    const std::lock_guard lock{at.opening};
    if (!at.session) {
      auto opened = ssh_session::open(spec_, host, sockets_->path());
      if (!opened) return tl::unexpected(std::move(opened.error()));
      at.session = std::move(*opened);
    }
    return at.session.get();
  }

  struct host_slot {
    std::mutex opening;
    std::unique_ptr<ssh_session> session;
  };
  host_slot& slot(const std::string& host) {
    const std::lock_guard lock{hosts_guard_};
    return hosts_[host];
  }

  ssh_provider_spec spec_;
  std::string cluster_;
  std::uint64_t generation_;
  std::unique_ptr<socket_folder> sockets_; // outlives the sessions
  std::mutex hosts_guard_;
  std::map<std::string, host_slot> hosts_;
};

} // namespace

std::string remote_folder(const ssh_provider_spec& spec, const std::string& cluster,
                          const std::string& node) {
  return spec.folder + "/" + cluster + "/" + node;
}

result<std::unique_ptr<node_provider>> make_ssh_provider(const ssh_provider_spec& spec,
                                                         const std::string& cluster,
                                                         std::uint64_t generation) {
  auto sockets = socket_folder::make();
  if (!sockets) return tl::unexpected(std::move(sockets.error()));
  return std::make_unique<ssh_provider>(spec, cluster, generation, std::move(*sockets));
}

} // namespace troupe::cluster
