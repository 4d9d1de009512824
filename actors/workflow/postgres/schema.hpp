#pragma once

#include "actors/workflow/postgres/session.hpp"

#include <cstdint>

namespace troupe::workflow::postgres {

/// Format of a schema, in its table `store_format`; 0 is a schema that is not there, or has nothing in it.
using schema_format = std::int64_t;

/// The format that this program writes. It opens every one from 1 to this.
inline constexpr schema_format newest_schema = 3;

struct schema_options {
  /// Refuses to make tables.
  bool must_exist = false;
  /// Reads an older format as it is.
  bool read_only = false;
};

/// Looks at the schema of a session, makes its tables, or upgrades them: in one transaction, under a lock of the schema's
/// own, while no owner is alive.
/// @returns the format; `store_foreign`, `store_newer`, `store_damaged`, `store_busy`, `store_unavailable`.
[[nodiscard]] outcome<schema_format> open_schema(session& on, const schema_options& options);

} // namespace troupe::workflow::postgres
