#include "actors/workflow/definition.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>

namespace troupe::workflow {
namespace {

namespace fs = std::filesystem;
using text_result = tl::expected<std::string, std::string>;

tl::unexpected<std::string> refuse(std::string why) {
  return tl::unexpected(std::move(why));
}

/// Whether `file` is below `folder`; both without symbolic links.
bool is_below(const fs::path& file, const fs::path& folder) {
  const fs::path rest = file.lexically_relative(folder);
  return !rest.empty() && *rest.begin() != ".." && *rest.begin() != ".";
}

text_result read_text(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  if (!in) return refuse(std::strerror(errno));
  // One byte more than there may be tells that there are too many, whatever the file says of its size.
  std::string text(definition_limits::size_bytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad()) return refuse(std::strerror(errno));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > definition_limits::size_bytes)
    return refuse(
        fmt::format("it has more than {} bytes; split it", definition_limits::size_bytes));
  return text;
}

} // namespace

definition_files files_in(const std::string& folder) {
  return [folder](const std::string& path) -> text_result {
    std::error_code why;
    const fs::path root = fs::canonical(folder.empty() ? "." : folder, why);
    if (why) return refuse(why.message());
    const fs::path file = fs::canonical(root / path, why);
    if (why) return refuse(why.message());
    if (!is_below(file, root))
      return refuse("it is a link to a file outside the folder of the definition");
    // A pipe or a device could be read for ever.
    if (!fs::is_regular_file(file, why)) return refuse("it is no regular file");
    return read_text(file);
  };
}

} // namespace troupe::workflow
