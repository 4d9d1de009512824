#pragma once

#include "actors/runtime/failure.hpp"
#include "kernels/result.hpp"
#include "tools/troupe/exit_code.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace troupe::cli {

/// `troupe: error: ...` on standard error.
void print_error(std::string_view message);
/// `troupe: warning: ...` on standard error.
void print_warning(std::string_view message);

/// Prints the error and returns `code`, so that a command can end with `return report(...)`.
[[nodiscard]] exit_code report(const error& what, exit_code code = exit_code::failed);
[[nodiscard]] exit_code report(const failure& what);

/// What a command that was told to stop returns; says so on standard error, with a hint if there is one.
[[nodiscard]] exit_code report_interrupted(std::string_view hint = {});

/// Writes one line to standard output. @returns false when nobody can read it any more (a closed pipe, a full disk).
[[nodiscard]] bool print_line(std::string_view line);

/// What a command returns that stopped because its output cannot be written any more. Silent where the reader of a pipe
/// has gone (`troupe ner | head`), as other tools are; else says so on standard error.
[[nodiscard]] exit_code report_closed_output();

/// Flushes standard output; an `ok` whose output could not be written becomes `failed`.
[[nodiscard]] exit_code close_output(exit_code code);

/// Columns of text with aligned edges, for people; columns named in `right` are flushed right.
class table {
public:
  explicit table(std::vector<std::string> header, std::vector<std::size_t> right = {});
  void add(std::vector<std::string> row);
  [[nodiscard]] bool print() const;

private:
  std::vector<std::vector<std::string>> rows_;
  std::vector<std::size_t> right_;
};

} // namespace troupe::cli
