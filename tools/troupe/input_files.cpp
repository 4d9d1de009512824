#include "tools/troupe/input_files.hpp"

#include "tools/troupe/cli_errc.hpp"

#include <filesystem>
#include <fmt/format.h>
#include <utility>

namespace troupe::cli {

input_files::input_files(std::vector<std::string> paths) : paths_{std::move(paths)} {
  if (paths_.empty()) paths_.emplace_back("-");
}

result<bool> input_files::open_next() {
  if (next_ == paths_.size()) return false;
  const auto& path = paths_[next_++];
  if (path == "-") {
    in_.emplace();
    return true;
  }
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    return fail(cli_errc::unreadable_input, path + " is a folder; name its files");
  auto opened = byte_reader::open(path);
  if (!opened) return unreadable(opened.error());
  in_ = std::move(*opened);
  return true;
}

tl::unexpected<error> input_files::unreadable(const error& why) const {
  return fail(cli_errc::unreadable_input, fmt::format("{}: {}", path(), why.code.message()));
}

} // namespace troupe::cli
