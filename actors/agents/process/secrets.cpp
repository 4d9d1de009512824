#include "actors/agents/process/secrets.hpp"

#include "actors/agents/posix.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <string_view>
#include <sys/stat.h>
#include <system_error>

namespace troupe::agents {
namespace {

constexpr std::size_t shortest = 4;
constexpr std::size_t longest = std::size_t{64} << 10;

tl::unexpected<failure> bad(const std::string& name, const std::string& why) {
  return tl::unexpected(failure{"process.bad_secret", "secret " + name + ": " + why, false});
}

/// Nothing that is said shows a part of the value.
reply<secret> checked(const std::string& name, std::string value) {
  if (value.size() < shortest)
    return bad(
        name,
        "it has fewer than 4 bytes, which could not be kept out of an output; use a longer one");
  if (value.find('\0') != std::string::npos)
    return bad(name, "it has a NUL byte, which no variable can hold; encode it");
  return secret{name, std::move(value)};
}

/// What is wrong with the file; empty where nothing is.
std::string fault_of(const struct stat& file) {
  if (!S_ISREG(file.st_mode)) return "is no regular file";
  if (file.st_uid != ::geteuid()) return "is not this user's own";
  if ((file.st_mode & 077U) != 0) return "can be read or written by others; chmod it to 600";
  if (static_cast<std::uint64_t>(file.st_size) > longest) return "has more than 64 KiB";
  return {};
}

/// Bytes at the end of `text` that a secret begins with, but not all of it.
std::size_t partial_secret(std::string_view text, const std::vector<secret>& secrets) {
  std::size_t most = 0;
  for (const secret& each : secrets)
    for (std::size_t n = std::min(text.size(), each.value.size() - 1); n > most; --n)
      if (text.ends_with(std::string_view{each.value}.substr(0, n))) most = n;
  return most;
}

} // namespace

reply<secret> secret_from_variable(const std::string& name, const std::string& variable) {
  const char* value =
      std::getenv(variable.c_str()); // NOLINT(concurrency-mt-unsafe): nobody sets any
  if (!value)
    return bad(name, "the node has no variable " + variable + "; set it where the node is started");
  return checked(name, value);
}

reply<secret> secret_from_file(const std::string& name, const std::string& path) {
  const file_descriptor file{::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)};
  if (!file)
    return bad(name, "cannot open " + path + ": " + std::generic_category().message(errno));
  struct stat what {};
  if (::fstat(file.get(), &what) != 0)
    return bad(name, "cannot look at " + path + ": " + std::generic_category().message(errno));
  if (const auto fault = fault_of(what); !fault.empty()) return bad(name, path + " " + fault);
  std::string value;
  if (const int error = read_all(file.get(), longest, value); error != 0)
    return bad(name, "cannot read " + path + ": " + std::generic_category().message(error));
  if (value.ends_with('\n')) value.pop_back();
  if (value.ends_with('\r')) value.pop_back();
  return checked(name, std::move(value));
}

void redact(std::string& text, const std::vector<secret>& secrets, bool cut) {
  std::vector<const secret*> order;
  order.reserve(secrets.size());
  for (const secret& each : secrets)
    order.push_back(&each);
  std::stable_sort(order.begin(), order.end(), [](const secret* a, const secret* b) {
    return a->value.size() > b->value.size();
  });
  for (const secret* each : order) {
    const std::string shown = "[secret " + each->name + "]";
    for (auto at = text.find(each->value); at != std::string::npos;
         at = text.find(each->value, at + shown.size()))
      text.replace(at, each->value.size(), shown);
  }
  if (cut) text.resize(text.size() - partial_secret(text, secrets));
}

} // namespace troupe::agents
