#include "cluster/launch/internal/node_folder.hpp"

#include "cluster/launch/defaults.hpp"
#include "cluster/pki/errc.hpp"
#include "cluster/pki/files.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>

namespace troupe::cluster {
namespace {

namespace fs = std::filesystem;

} // namespace

result<void> node_folder::prepare() const {
  if (auto made = make_folder(path_); !made) return made;
  std::error_code problem;
  fs::permissions(path_, fs::perms::owner_all, problem);
  if (problem)
    return fail(pki_errc::file_failed,
                "cannot keep " + path_.string() + " private: " + problem.message());
  remove_node_status(path_);
  return {};
}

result<void> node_folder::bring(const node_plan& plan) const {
  for (const auto& each : plan.files) {
    const auto file = path_ / each.name;
    if (auto made = make_folder(file.parent_path()); !made) return made;
    if (auto put = write_file(file, each.text, each.secret ? private_mode : public_mode); !put)
      return put;
  }
  return {};
}

std::optional<node_status> node_folder::status() const {
  const auto text = read_file(path_ / "node.json", launch_defaults::file_bytes);
  if (!text) return std::nullopt;
  auto read = parse_node_status(*text);
  return read ? std::optional{std::move(*read)} : std::nullopt;
}

result<void> node_folder::write_seeds(const std::string& text) const {
  return write_file(path_ / "seeds", text, public_mode);
}

result<log_part> node_folder::read_log(std::uint64_t from, std::size_t limit) const {
  return read_part(log(), from, limit);
}

result<void> node_folder::remove() const {
  std::error_code problem;
  fs::remove_all(path_, problem);
  if (problem)
    return fail(pki_errc::file_failed,
                "cannot remove " + path_.string() + ": " + problem.message());
  return {};
}

result<log_part> read_part(const fs::path& file, std::uint64_t from, std::size_t limit) {
  const agents::file_descriptor in{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!in && errno == ENOENT) return log_part{};
  struct stat found {};
  if (!in || ::fstat(in.get(), &found) != 0)
    return fail(pki_errc::file_failed,
                "cannot read " + file.string() + ": " + std::generic_category().message(errno));
  const auto size = static_cast<std::uint64_t>(found.st_size);
  log_part made;
  const auto begin = from <= size ? from : size - std::min<std::uint64_t>(size, limit);
  if (::lseek(in.get(), static_cast<off_t>(begin), SEEK_SET) < 0 ||
      agents::read_all(in.get(), limit, made.text) != 0)
    return fail(pki_errc::file_failed, "cannot read " + file.string());
  made.next = begin + made.text.size();
  return made;
}

} // namespace troupe::cluster
