#pragma once

#include "actors/workflow/errors.hpp"
#include "actors/workflow/postgres/endpoint.hpp"
#include "kernels/result.hpp"

#include <string>

namespace troupe::workflow::postgres {

/// Why something could not be done, and what helps.
struct failure {
  enum class remedy {
    /// Nothing that the store could do itself.
    none,
    /// Once more: it stood in another session's way, and nothing of it is done.
    again,
    /// Once more on a new connection; whether what was under way is done must be found out.
    reconnect,
  };
  error why;
  remedy helps = remedy::none;
  /// The server's code; empty where it is not the server's failure.
  std::string sqlstate{};
};

template <class T>
using outcome = tl::expected<T, failure>;

/// A refusal of the store's own.
[[nodiscard]] inline tl::unexpected<failure> refuse(error why) {
  return tl::unexpected<failure>{failure{std::move(why)}};
}

/// What a store's failure is by the server's code (SQLSTATE) and its words.
[[nodiscard]] failure failure_of(const std::string& sqlstate, const std::string& message,
                                 const endpoint& at);
/// A connection that is not to be had, or was lost.
[[nodiscard]] failure lost_connection(const std::string& message, const endpoint& at);

} // namespace troupe::workflow::postgres
