#pragma once

#include <cstdint>
#include <google/protobuf/io/coded_stream.h>
#include <string>
#include <string_view>
#include <utility>

namespace troupe::workflow {

/// Writes fields of a message in Protobuf's wire format. As Protobuf does for fields without presence, it leaves out zeros
/// and empty texts.
class wire_writer {
public:
  /// @param to outlives the writer; what is written is appended.
  explicit wire_writer(std::string& to) : to_(to) {}

  /// Of any integral type but sint and fixed; negative ones are sign-extended to 64 bits.
  void number(int field, std::uint64_t value) {
    if (value == 0) return;
    varint(tag(field, wire_type::varint));
    varint(value);
  }
  /// Also of bytes.
  void text(int field, std::string_view value) {
    if (!value.empty()) bytes(field, value);
  }
  /// A submessage that is serialised already; written even where it is empty.
  void bytes(int field, std::string_view value) {
    varint(tag(field, wire_type::length_delimited));
    varint(value.size());
    to_.append(value);
  }
  /// A submessage; `fill` writes its fields. Written even where it is empty.
  template <class Fill>
  void message(int field, Fill&& fill) {
    varint(tag(field, wire_type::length_delimited));
    const std::size_t length_at = to_.size();
    to_.push_back('\0');
    std::forward<Fill>(fill)();
    const std::size_t size = to_.size() - length_at - 1;
    // Mostly its length fits the one byte kept for it.
    if (size < 0x80) {
      to_[length_at] = static_cast<char>(size);
      return;
    }
    std::uint8_t length[longest_varint];
    to_.replace(length_at, 1, reinterpret_cast<const char*>(length), put(size, length));
  }

private:
  enum class wire_type : std::uint8_t { varint = 0, length_delimited = 2 };
  static constexpr std::size_t longest_varint = 10;

  static std::uint64_t tag(int field, wire_type type) {
    return static_cast<std::uint64_t>(field) << 3U | static_cast<std::uint64_t>(type);
  }
  static std::size_t put(std::uint64_t value, std::uint8_t* to) {
    return static_cast<std::size_t>(
        google::protobuf::io::CodedOutputStream::WriteVarint64ToArray(value, to) - to);
  }
  void varint(std::uint64_t value) {
    if (value < 0x80) return to_.push_back(static_cast<char>(value));
    std::uint8_t encoded[longest_varint];
    to_.append(reinterpret_cast<const char*>(encoded), put(value, encoded));
  }

  std::string& to_;
};

} // namespace troupe::workflow
