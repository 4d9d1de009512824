#pragma once

#include "actors/runtime/failure.hpp"

#include <string>
#include <vector>

namespace troupe::agents {

/// A value that nobody but the command sees.
struct secret {
  /// Of the variable in the command's environment: shown in its place.
  std::string name;
  std::string value;
};

/// Reads a variable of this process. @returns failure "process.bad_secret": not there, shorter than four bytes (nothing of
/// that length could be kept out of an output), a NUL byte in it.
[[nodiscard]] reply<secret> secret_from_variable(const std::string& name,
                                                 const std::string& variable);
/// Reads a file, without a line end at its end. Refused as well: a file that is not this user's own, that others can read or
/// write, no regular file, a symbolic link, more than 64 KiB.
[[nodiscard]] reply<secret> secret_from_file(const std::string& name, const std::string& path);

/// Replaces every secret by `[secret NAME]`, the longest first.
/// @param cut the text was cut at its end: a beginning of a secret there goes, too.
void redact(std::string& text, const std::vector<secret>& secrets, bool cut);

} // namespace troupe::agents
