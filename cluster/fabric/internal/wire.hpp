#pragma once

#include <cstdint>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/message_lite.h>
#include <google/protobuf/wire_format_lite.h>
#include <string>
#include <string_view>

/// Fields of Protobuf messages put one behind the other: a message may be written in parts, by who knows them.
namespace troupe::cluster::wire {

using google::protobuf::internal::WireFormatLite;

inline void append_varint(std::string& to, std::uint64_t value) {
  std::uint8_t buffer[10];
  const auto* end = google::protobuf::io::CodedOutputStream::WriteVarint64ToArray(value, buffer);
  to.append(reinterpret_cast<const char*>(buffer), static_cast<std::size_t>(end - buffer));
}

inline void append_number(std::string& to, int field, std::uint64_t value) {
  append_varint(to, WireFormatLite::MakeTag(field, WireFormatLite::WIRETYPE_VARINT));
  append_varint(to, value);
}

inline void append_length(std::string& to, int field, std::size_t length) {
  append_varint(to, WireFormatLite::MakeTag(field, WireFormatLite::WIRETYPE_LENGTH_DELIMITED));
  append_varint(to, length);
}

inline void append_bytes(std::string& to, int field, std::string_view bytes) {
  append_length(to, field, bytes.size());
  to.append(bytes);
}

/// Nothing is checked: `message` is proto3.
inline void append_message(std::string& to, int field,
                           const google::protobuf::MessageLite& message) {
  append_length(to, field, message.ByteSizeLong());
  message.AppendToString(&to);
}

} // namespace troupe::cluster::wire
