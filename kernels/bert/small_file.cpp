#include "kernels/bert/small_file.hpp"

#include "kernels/bert/errors.hpp"

#include <fstream>

namespace troupe::bert {

result<std::string> read_small_file(const std::filesystem::path& path, std::size_t limit) {
  std::error_code problem;
  if (!std::filesystem::is_regular_file(path, problem))
    return fail(bert_errc::unreadable_file,
                path.string() + (problem ? ": " + problem.message() : " is not a file"));
  std::ifstream in{path, std::ios::binary};
  if (!in) return fail(bert_errc::unreadable_file, path.string() + " cannot be opened");
  // The size is only a hint: the file may change while it is read, so what is read is bounded, not
  // what was promised.
  std::string bytes;
  char block[1 << 14];
  while (in.read(block, sizeof block) || in.gcount() > 0) {
    bytes.append(block, static_cast<std::size_t>(in.gcount()));
    if (bytes.size() > limit)
      return fail(bert_errc::unreadable_file,
                  path.string() + " is longer than " + std::to_string(limit) + " bytes");
  }
  if (in.bad()) return fail(bert_errc::unreadable_file, path.string() + " cannot be read");
  return bytes;
}

} // namespace troupe::bert
