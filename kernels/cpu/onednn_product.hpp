#pragma once

#include "kernels/cpu/panels.hpp"

#include <cstddef>
#include <memory>

namespace troupe::cpu {

/// The same product by oneDNN, on the same packed weights, whose layout it knows: the fall-back where somebody distrusts a kernel,
/// and the one to compare with. Immutable; any thread.
class onednn_product {
public:
  /// Rows of one call; always as many, so that a row's result does not depend on their number.
  static constexpr std::size_t rows = 32;

  /// @param stride bytes from one row of inputs to the next.
  /// @returns nothing where oneDNN has no such product here.
  [[nodiscard]] static std::shared_ptr<const onednn_product> make(const panel_layout& layout,
                                                                  std::size_t stride);
  virtual ~onednn_product() = default;

  /// @param inputs 32 rows. @param panels as `pack_panels` wrote them. @param sums [32, layout.columns()] float32 or int32.
  virtual void run(const std::byte* inputs, const std::byte* panels, void* sums) const = 0;
};

} // namespace troupe::cpu
