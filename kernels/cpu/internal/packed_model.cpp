#include "kernels/cpu/internal/packed_model.hpp"

#include "kernels/cpu/row_sizes.hpp"

#include <array>
#include <utility>

namespace troupe::cpu {
namespace {

packed_model::layer pack_layer(const packed_model::products& multiply, bert::layer_weights from) {
  packed_model::layer packed;
  packed.qkv = multiply.qkv.pack(from.qkv.weight);
  packed.attention_output = multiply.attention_output.pack(from.attention_output.weight);
  packed.up = multiply.up.pack(from.up.weight);
  packed.down = multiply.down.pack(from.down.weight);
  packed.qkv_bias = std::move(from.qkv.bias);
  packed.attention_output_bias = std::move(from.attention_output.bias);
  packed.up_bias = std::move(from.up.bias);
  packed.down_bias = std::move(from.down.bias);
  packed.attention_norm = std::move(from.attention_norm);
  packed.output_norm = std::move(from.output_norm);
  return packed;
}

} // namespace

packed_model::products::products(const dnnl::engine& engine, const bert::model_config& config,
                                 dnnl::memory::data_type type)
    : qkv{engine, config.hidden_size, 3 * config.hidden_size, type},
      attention_output{engine, config.hidden_size, config.hidden_size, type},
      up{engine, config.hidden_size, config.intermediate_size, type}, down{engine,
                                                                           config.intermediate_size,
                                                                           config.hidden_size,
                                                                           type} {}

result<packed_model> pack_model(bert::weight_reader& weights, bert::precision precision) {
  auto embeddings = weights.embeddings();
  if (!embeddings) return tl::unexpected(embeddings.error());
  auto classifier = weights.classifier();
  if (!classifier) return tl::unexpected(classifier.error());
  const auto type = precision == bert::precision::bf16 ? dnnl::memory::data_type::bf16
                                                       : dnnl::memory::data_type::f32;
  const dnnl::engine device{dnnl::engine::kind::cpu, 0};
  packed_model model{device, {device, weights.config(), type}, {}, {}, {}, {}};
  const auto& multiply = model.multiply;
  const std::array<const matmul*, 4> all{&multiply.qkv, &multiply.attention_output, &multiply.up,
                                         &multiply.down};
  model.row_sizes = interchangeable_rows(device, all);
  model.embeddings = std::move(*embeddings);
  model.classifier = std::move(*classifier);
  for (std::size_t index = 0; index < weights.config().num_layers; ++index) {
    auto layer = weights.layer(index);
    if (!layer) return tl::unexpected(layer.error());
    model.layers.push_back(pack_layer(multiply, std::move(*layer)));
  }
  return model;
}

} // namespace troupe::cpu
