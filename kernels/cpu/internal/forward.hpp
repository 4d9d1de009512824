#pragma once

#include "kernels/bert/engine.hpp"
#include "kernels/cpu/internal/cpu_workspace.hpp"
#include "kernels/cpu/internal/packed_model.hpp"
#include "kernels/cpu/internal/product.hpp"

#include <cstddef>
#include <span>

namespace troupe::cpu {

/// What a forward pass reads. All of it outlives the pass.
struct forward_args {
  const packed_model& model;
  const bert::model_config& config;
  const kernel_set& kernels;
};

/// Runs a checked batch. It goes through the layers in groups of whole sequences, which bounds the
/// scratch memory and keeps activations in cache; a token's result does not depend on the grouping.
void forward(const forward_args& args, const bert::packed_batch& batch, cpu_workspace& scratch,
             std::span<float> logits, const bert::hidden_observer* observe);

} // namespace troupe::cpu
