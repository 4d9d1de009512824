#pragma once

#include "actors/runtime/dead_letters.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

namespace troupe::workflow {

struct postgres_dead_letter_options {
  /// How many are kept.
  std::size_t most = runtime::defaults::kept_dead_letters;
  /// As those of `postgres_store_options`.
  std::string schema = "troupe";
  bool allow_unsafe_server = false;
  std::chrono::milliseconds lock_timeout{5'000};
};

/// Dead letters in the schema of a PostgreSQL store, with the runs or alone. Nothing is opened before the first call, and
/// each call opens a session of its own: letters are rare.
/// Errors: those of `open_postgres_store`; `store_damaged` for a letter that is not as it was written. Reading a schema
/// that is not there is `store_unavailable`.
[[nodiscard]] std::shared_ptr<dead_letter_store>
postgres_dead_letters(std::string address, postgres_dead_letter_options options = {});

} // namespace troupe::workflow
