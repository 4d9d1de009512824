#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace troupe::test {

/// A certificate that an authority would not issue.
struct forged_certificate {
  /// NODE.pem and NODE.key.
  std::string node{"two"};
  std::vector<std::string> uris, hosts{"127.0.0.1"};
  std::chrono::sys_seconds not_before, not_after;
};

/// Signs it with the key that lies in `authority`, and puts it and the authority's ca.pem into `out`.
void forge(const std::filesystem::path& authority, const forged_certificate& what,
           const std::filesystem::path& out);

} // namespace troupe::test
