#pragma once

#include "kernels/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace troupe::workflow::postgres {

/// A server's address, taken apart as far as it is needed here: libpq reads the rest.
class endpoint {
public:
  /// @returns `store_unavailable` for what libpq would read in another way than people mean it, and for a bad schema.
  ///   No message has any part of the address.
  [[nodiscard]] static result<endpoint> parse(const std::string& address,
                                              const std::string& default_schema);

  /// What libpq is given: with timeouts, which the address itself may set otherwise.
  [[nodiscard]] const std::string& connection_string() const { return connection_string_; }
  /// For people: no password, no options.
  [[nodiscard]] const std::string& shown() const { return shown_; }
  [[nodiscard]] const std::string& schema() const { return schema_; }
  [[nodiscard]] bool allows_unsafe_server() const { return unsafe_; }
  /// A message of libpq's or the server's without the address and the password.
  [[nodiscard]] std::string redact(std::string message) const;

private:
  result<void> read_base(std::string_view base);
  result<void> read_options(std::string_view options);
  result<void> read_option(std::string_view option);

  std::string connection_string_, shown_, schema_;
  /// What must not be printed, as it was written and as it is meant.
  std::vector<std::string> secrets_;
  bool unsafe_ = false;
};

/// Whether it can stand in SQL in quotes, and needs no attention elsewhere.
[[nodiscard]] bool is_schema_name(std::string_view name);

} // namespace troupe::workflow::postgres
