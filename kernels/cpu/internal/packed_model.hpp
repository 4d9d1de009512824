#pragma once

#include "kernels/bert/engine.hpp"
#include "kernels/bert/weights.hpp"
#include "kernels/cpu/internal/aligned_buffer.hpp"
#include "kernels/cpu/panels.hpp"

#include <cstddef>
#include <memory>
#include <vector>

namespace troupe::cpu {

/// y = x W^T + b as a kernel wants it.
struct packed_dense {
  panel_layout layout;
  std::byte* panels = nullptr;
  /// [layout.columns()] each; scales and sums with int8 only.
  float* bias = nullptr;
  float* scales = nullptr;
  std::int32_t* sums = nullptr;
};

struct packed_norm {
  /// [hidden_size]
  float* gamma = nullptr;
  float* beta = nullptr;
};

/// The type of each product of a layer.
struct layer_types {
  element qkv, attention_output, up, down;

  [[nodiscard]] element& of(bert::layer_product product);
};

/// Where everything of a model lies in one block of memory, which may be a file that several processes share.
struct packed_parts {
  struct layer {
    packed_dense qkv, attention_output, up, down;
    packed_norm attention_norm, output_norm;
  };
  float* words = nullptr;
  float* positions = nullptr;
  float* types = nullptr;
  packed_norm embedding_norm;
  std::vector<layer> layers;
  /// [labels, hidden_size] and [labels]
  float* classifier_weight = nullptr;
  float* classifier_bias = nullptr;
  /// Of all parts together.
  std::size_t bytes = 0;
};

/// Shares out a block that begins at `base`, which is aligned to 64 bytes; null counts the bytes only.
[[nodiscard]] packed_parts lay_out(const bert::model_config& config,
                                   const std::vector<layer_types>& types, std::byte* base);

/// A model as the CPU engine keeps it. Immutable after load.
struct packed_model {
  /// Owns what the parts point to.
  std::shared_ptr<const void> memory;
  packed_parts parts;
  /// Where the parts begin.
  const std::byte* block = nullptr;
};

/// The types of all layers for one precision. @param kept products that are not int8 but of type `better`.
[[nodiscard]] std::vector<layer_types> types_of(const bert::model_config& config,
                                                bert::precision precision,
                                                const std::vector<bert::product_name>& kept,
                                                element better);

/// Reads and packs all weights. Throws std::bad_alloc. @returns the reader's errors.
[[nodiscard]] result<packed_model> pack_model(bert::weight_reader& weights,
                                              const std::vector<layer_types>& types);

} // namespace troupe::cpu
