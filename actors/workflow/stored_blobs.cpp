#include "actors/workflow/stored_blobs.hpp"

#include "actors/workflow/sha256.hpp"

#include <array>
#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>
#include <vector>

namespace troupe::workflow {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

/// The bytes of a field of this number in a serialised message; of several the last one, as Protobuf reads them.
std::optional<std::string_view> field_of(std::string_view message, int number) {
  CodedInputStream from{reinterpret_cast<const std::uint8_t*>(message.data()),
                        static_cast<int>(message.size())};
  std::optional<std::string_view> found;
  while (const std::uint32_t tag = from.ReadTag()) {
    const bool wanted =
        WireFormatLite::GetTagFieldNumber(tag) == number &&
        WireFormatLite::GetTagWireType(tag) == WireFormatLite::WIRETYPE_LENGTH_DELIMITED;
    if (!wanted) {
      if (!WireFormatLite::SkipField(&from, tag)) return std::nullopt;
      continue;
    }
    std::uint32_t size = 0;
    if (!from.ReadVarint32(&size)) return std::nullopt;
    const auto at = static_cast<std::size_t>(from.CurrentPosition());
    if (size > message.size() - at) return std::nullopt;
    found = message.substr(at, size);
    if (!from.Skip(static_cast<int>(size))) return std::nullopt;
  }
  return found;
}

/// Ways from an event to what may be large: of `step_completed` the reply's value, of `signal_received` the payload's, of
/// `run_started` the definition.
constexpr std::array<std::array<int, 3>, 3> ways{{{5, 2, 2}, {16, 3, 2}, {3, 1, 0}}};

std::optional<std::string_view> payload_in(std::string_view event) {
  for (const auto& way : ways) {
    std::optional<std::string_view> found{event};
    for (const int number : way)
      if (found && number != 0) found = field_of(*found, number);
    if (found && found->size() > largest_inline_payload) return found;
  }
  return std::nullopt;
}

} // namespace

std::optional<cut_event> cut_payload(std::string_view event) {
  if (event.size() <= largest_inline_payload) return std::nullopt;
  const auto payload = payload_in(event);
  if (!payload) return std::nullopt;
  cut_event made;
  made.payload = *payload;
  made.at = static_cast<std::size_t>(payload->data() - event.data());
  made.rest = event.substr(0, made.at);
  made.rest += event.substr(made.at + payload->size());
  made.hash = sha256(*payload);
  return made;
}

std::optional<std::string> put_payload_back(std::string& event, std::int64_t at,
                                            const std::string& hash,
                                            const std::optional<std::string>& payload) {
  const auto says = [&](const char* what) {
    return fmt::format("the payload {} of it is {}", to_hex(hash), what);
  };
  if (!payload) return says("missing");
  const bool fits = at >= 0 && static_cast<std::uint64_t>(at) <= event.size();
  if (!fits || sha256(*payload) != hash) return says("not what was written");
  event.insert(static_cast<std::size_t>(at), *payload);
  return std::nullopt;
}

} // namespace troupe::workflow
