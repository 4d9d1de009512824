#pragma once

#include "cluster/pki/authority.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::cluster {

/// All that an authority issued, as it is kept in certificates.json.
struct certificate_index {
  std::string cluster;
  /// Of the latest list of revocations.
  std::int64_t revocations = 0;
  std::vector<issued_certificate> certificates;
};

[[nodiscard]] std::string to_json(const certificate_index& index);
/// @returns `pki_errc::damaged` with the place of what is wrong.
[[nodiscard]] result<certificate_index> index_from_json(std::string_view text);

} // namespace troupe::cluster
