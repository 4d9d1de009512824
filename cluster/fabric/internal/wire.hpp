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

/// One field as it lies in a message.
struct field {
  int number = 0;
  WireFormatLite::WireType type{};
  /// Of one that is a number.
  std::uint64_t value = 0;
  /// Of one that has a length.
  std::string_view content{};
  /// With its tag.
  std::string_view whole{};

  /// @returns false where the field is of another type.
  [[nodiscard]] bool read(std::uint64_t& into) const {
    into = value;
    return type == WireFormatLite::WIRETYPE_VARINT;
  }
  [[nodiscard]] bool read(std::string_view& into) const {
    into = content;
    return type == WireFormatLite::WIRETYPE_LENGTH_DELIMITED;
  }
};

/// Calls `take(field)` with each field of a message in wire form, while it returns true.
/// @returns whether all of it could be read, and was taken.
template <class Take>
[[nodiscard]] bool for_each_field(std::string_view message, Take&& take) {
  google::protobuf::io::CodedInputStream in{reinterpret_cast<const std::uint8_t*>(message.data()),
                                            static_cast<int>(message.size())};
  const auto position = [&] { return static_cast<std::size_t>(in.CurrentPosition()); };
  while (position() < message.size()) {
    const std::size_t start = position();
    const std::uint32_t tag = in.ReadTag();
    field one;
    one.number = WireFormatLite::GetTagFieldNumber(tag);
    one.type = WireFormatLite::GetTagWireType(tag);
    std::uint32_t length = 0;
    if (tag == 0 || one.number == 0) return false;
    if (one.type == WireFormatLite::WIRETYPE_VARINT) {
      if (!in.ReadVarint64(&one.value)) return false;
    } else if (one.type == WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
      if (!in.ReadVarint32(&length) || length > message.size() - position()) return false;
      one.content = message.substr(position(), length);
      in.Skip(static_cast<int>(length));
    } else if (!WireFormatLite::SkipField(&in, tag)) {
      return false;
    }
    one.whole = message.substr(start, position() - start);
    if (!take(one)) return false;
  }
  return true;
}

} // namespace troupe::cluster::wire
