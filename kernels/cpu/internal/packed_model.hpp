#pragma once

#include "kernels/bert/engine.hpp"
#include "kernels/bert/weights.hpp"
#include "kernels/cpu/matmul.hpp"

#include <optional>
#include <vector>

namespace troupe::cpu {

/// A model as the CPU engine keeps it: matrices packed by oneDNN, everything else as float32.
/// Immutable after load.
struct packed_model {
  struct layer {
    dnnl::memory qkv, attention_output, up, down;
    std::vector<float> qkv_bias, attention_output_bias, up_bias, down_bias;
    bert::norm_weights attention_norm, output_norm;
  };

  /// The four products of a layer, which have the same shapes in every layer.
  struct products {
    products(const dnnl::engine& engine, const bert::model_config& config,
             dnnl::memory::data_type type);
    matmul qkv, attention_output, up, down;
  };

  dnnl::engine device;
  products multiply;
  /// Numbers of rows to multiply at once (see interchangeable_rows).
  std::vector<std::size_t> row_sizes;
  bert::embedding_weights embeddings;
  std::vector<layer> layers;
  bert::dense_weights classifier;

  [[nodiscard]] std::size_t most_rows() const { return row_sizes.back(); }
};

/// Reads and packs all weights for products on as many threads as the caller has set. Throws
/// dnnl::error and std::bad_alloc. @returns the reader's errors.
[[nodiscard]] result<packed_model> pack_model(bert::weight_reader& weights,
                                              bert::precision precision);

} // namespace troupe::cpu
