#include "kernels/text/files.hpp"

#include "kernels/text/errors.hpp"

#include <fstream>

namespace troupe::text {

result<std::string> read_bounded(const std::filesystem::path& file, std::size_t max_bytes) {
  std::error_code code;
  if (!std::filesystem::is_regular_file(file, code)) {
    return fail(text_errc::unreadable_file,
                file.string() + " is missing or not a regular file; a model folder needs it");
  }
  std::ifstream in{file, std::ios::binary};
  // One byte more than allowed shows that the file is too large, whatever its size says meanwhile.
  const auto size = std::filesystem::file_size(file, code);
  std::string bytes((!code && size < max_bytes ? static_cast<std::size_t>(size) : max_bytes) + 1,
                    '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (in.bad() || !in.eof()) {
    const bool too_large = !in.bad() && bytes.size() > max_bytes;
    return fail(text_errc::unreadable_file,
                file.string() + (too_large
                                     ? " is larger than " + std::to_string(max_bytes) + " bytes"
                                     : " cannot be read; check its permissions"));
  }
  bytes.resize(static_cast<std::size_t>(in.gcount()));
  return bytes;
}

} // namespace troupe::text
