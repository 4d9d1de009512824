#pragma once

#include "kernels/result.hpp"

#include <map>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace troupe::cli {

/// Shares of tenants, by name.
using tenant_weights = std::map<std::string, double>;

/// Reads `NAME=WEIGHT` texts. `=WEIGHT` is of the runs without a tenant.
/// @returns `cli_errc::bad_option` for what has another form, a name that no tenant can have, a weight that is no number
///   or beyond `scheduling::fair_shares`, and a name that is there twice.
[[nodiscard]] result<tenant_weights> parse_tenant_weights(const std::vector<std::string>& given);

/// The option `--tenant-weight`, the same for every command that has it. What is wrong with it is a usage error.
class tenant_weights_option {
public:
  void add_to(CLI::App& command);
  [[nodiscard]] const tenant_weights& value() const { return taken_; }

private:
  tenant_weights taken_;
};

} // namespace troupe::cli
