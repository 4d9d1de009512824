#pragma once

#include "kernels/result.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace troupe::cli {

/// Bytes that are kept until later: the first in memory, more of them in a file without a name in $TMPDIR (default: /tmp),
/// which is gone with this object. One thread.
class spool {
public:
  spool() = default;
  ~spool();
  spool(const spool&) = delete;
  spool& operator=(const spool&) = delete;

  /// @returns the system's error, saying where there is no room.
  [[nodiscard]] result<void> add(std::string_view bytes);
  [[nodiscard]] bool empty() const { return buffer_.empty() && file_ < 0; }
  /// Hands all bytes to `take` in order, until it says false. Call once. @returns false when `take` did; the system's error.
  [[nodiscard]] result<bool> read(const std::function<bool(std::string_view)>& take);

private:
  [[nodiscard]] result<void> write_out();

  std::string buffer_;
  int file_ = -1;
};

} // namespace troupe::cli
