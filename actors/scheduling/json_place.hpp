#pragma once

#include "kernels/result.hpp"

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

/// For .cpp files of this folder only.
namespace troupe::scheduling {

/// A value in a JSON document and the way to it, so that an error can name the place: "FILE: workflow.tasks[3].id". A
/// missing member is a place without a value; null counts as missing. Cheap to copy; the document and `file` must outlive it.
class json_place {
public:
  /// @param code of the errors; `file` begins their texts.
  json_place(const nlohmann::json& root, std::string_view file, std::error_code code)
      : value_{&root}, file_{file}, code_{code} {}

  /// The member of an object; missing where this is no object or has none of that name.
  [[nodiscard]] json_place member(std::string_view key) const;
  /// Element `index`, which the array has.
  [[nodiscard]] json_place element(std::size_t index) const;

  [[nodiscard]] bool present() const { return value_ != nullptr && !value_->is_null(); }

  /// The value as what it must be; an error of the code given where it is missing or something else.
  [[nodiscard]] result<std::string> text() const;
  [[nodiscard]] result<double> number() const;
  /// A whole number from 0 to `most`; 3.0 is one.
  [[nodiscard]] result<std::uint64_t> whole(std::uint64_t most) const;
  /// Number of elements of an array.
  [[nodiscard]] result<std::size_t> array_size() const;
  /// Elements of an array; 0 where it is missing.
  [[nodiscard]] result<std::size_t> array_size_or_none() const;
  /// Only that it is an object.
  [[nodiscard]] result<void> object() const;

  /// An error at this place: "FILE: workflow.tasks[3].id WHAT".
  [[nodiscard]] tl::unexpected<error> fail_here(std::string_view what) const;
  /// "workflow.tasks[3].id"; "the file" for the root.
  [[nodiscard]] std::string path() const;

private:
  struct part {
    std::string_view key;
    std::size_t index = 0;
  };

  [[nodiscard]] json_place below(const nlohmann::json* value, part step) const;
  [[nodiscard]] tl::unexpected<error> wanted(std::string_view what) const;

  const nlohmann::json* value_;
  std::string_view file_;
  std::error_code code_;
  /// The ways of our formats are short; what is deeper is not named.
  std::array<part, 6> way_{};
  std::uint8_t depth_ = 0;
};

} // namespace troupe::scheduling
