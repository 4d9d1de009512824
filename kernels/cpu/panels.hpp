#pragma once

#include <cstddef>
#include <cstdint>

/// How the weights of a product lie in memory. All instruction sets share one layout, so packed weights can be kept in a
/// file and read by any of them.
namespace troupe::cpu {

/// What a product multiplies. Sums are float32; with int8 they are int32, exact, and scaled to float32 afterwards.
enum class element : std::uint8_t {
  fp32,
  bf16,
  /// Signed weights with a scale per output, unsigned inputs with a scale and a zero per row.
  int8,
};

/// Outputs of one panel: two 64-byte vectors of sums, or two AMX tiles.
inline constexpr std::size_t panel_columns = 32;

[[nodiscard]] constexpr std::size_t round_up(std::size_t count, std::size_t to) {
  return (count + to - 1) / to * to;
}

/// The packed weights of a product: panels of 32 outputs, one after the other. A panel is [groups, 32 outputs, 4 bytes]: a
/// group holds as many neighbouring inputs as fit in four bytes, which is what the dot-product instructions of AVX-512 and
/// AMX take. What is missing of the last group and of the last panel is zero.
struct panel_layout {
  element type = element::fp32;
  std::size_t inputs = 0, outputs = 0;

  /// Inputs in four bytes.
  [[nodiscard]] constexpr std::size_t group_inputs() const {
    return type == element::fp32 ? 1 : type == element::bf16 ? 2 : 4;
  }
  /// A multiple of 16, the depth of a tile.
  [[nodiscard]] constexpr std::size_t groups() const {
    return round_up((inputs + group_inputs() - 1) / group_inputs(), 16);
  }
  /// Bytes that a kernel reads of a row of inputs; those behind the last input may hold any finite number.
  [[nodiscard]] constexpr std::size_t row_bytes() const { return groups() * 4; }
  [[nodiscard]] constexpr std::size_t panels() const {
    return (outputs + panel_columns - 1) / panel_columns;
  }
  /// Outputs with those that fill the last panel.
  [[nodiscard]] constexpr std::size_t columns() const { return panels() * panel_columns; }
  [[nodiscard]] constexpr std::size_t panel_bytes() const { return groups() * panel_columns * 4; }
  [[nodiscard]] constexpr std::size_t bytes() const { return panels() * panel_bytes(); }

  friend bool operator==(const panel_layout&, const panel_layout&) = default;
};

/// Packs a matrix.
/// @param weight [outputs, inputs] float32, row-major.
/// @param panels [layout.bytes()] written whole.
/// @param scales, sums [layout.columns()] with int8, else null: weight = scale * packed, and the sum of an output's packed
/// weights, with which the zero of a row of inputs is taken out again. An output that is no finite number anywhere has a
/// scale that is none either, so that what comes of it is seen.
void pack_panels(const panel_layout& layout, const float* weight, std::byte* panels, float* scales,
                 std::int32_t* sums);

} // namespace troupe::cpu
