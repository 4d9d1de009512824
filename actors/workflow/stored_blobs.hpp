#pragma once

#include "kernels/result.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::workflow {

/// Payloads of events that are larger than this lie apart, each once however many events have it.
inline constexpr std::size_t largest_inline_payload = std::size_t{256} << 10;

/// An event whose payload lies apart.
struct cut_event {
  /// The event without the payload.
  std::string rest;
  /// Where in `rest` it was.
  std::size_t at = 0;
  /// In the event that was cut.
  std::string_view payload;
  /// Its SHA-256.
  std::string hash;
};

/// Cuts the payload of a serialised `troupe.v1.Event` out: the reply of a step, the payload of a signal, or a definition.
/// @returns nothing where it has none that is larger than `largest_inline_payload`.
[[nodiscard]] std::optional<cut_event> cut_payload(std::string_view event);

/// Puts a payload back.
/// @returns what is wrong with it, for people: "missing", "not what was written"; nothing where the event is whole.
[[nodiscard]] std::optional<std::string>
put_payload_back(std::string& event, std::int64_t at, const std::string& hash,
                 const std::optional<std::string>& payload);

} // namespace troupe::workflow
