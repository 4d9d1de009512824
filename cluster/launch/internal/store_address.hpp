#pragma once

#include <string>

namespace troupe::cluster {

/// The address of a PostgreSQL database, and the password that was in it.
struct store_address {
  /// Without the password.
  std::string bare;
  std::string password;
};

/// Takes `postgresql://USER:PASSWORD@...` apart; %XX in the password is read.
[[nodiscard]] store_address split_address(const std::string& address);

} // namespace troupe::cluster
