#include "kernels/cpu/internal/packed_model.hpp"

#include "kernels/cpu/probe.hpp"

#include <algorithm>

namespace troupe::cpu {
namespace {

/// Hands out the parts of a block, each on a cache line.
class cursor {
public:
  explicit cursor(std::byte* base) : base_{base} {}

  template <class Element>
  Element* take(std::size_t count) {
    auto* at = base_ ? reinterpret_cast<Element*>(base_ + used_) : nullptr;
    used_ = round_up(used_ + count * sizeof(Element), 64);
    return at;
  }

  packed_dense take_dense(std::size_t inputs, std::size_t outputs, element type) {
    packed_dense made;
    made.layout = {type, inputs, outputs};
    made.panels = take<std::byte>(made.layout.bytes());
    made.bias = take<float>(made.layout.columns());
    if (type == element::int8) {
      made.scales = take<float>(made.layout.columns());
      made.sums = take<std::int32_t>(made.layout.columns());
    }
    return made;
  }

  packed_norm take_norm(std::size_t size) {
    auto* gamma = take<float>(size);
    return {gamma, take<float>(size)};
  }

  [[nodiscard]] std::size_t used() const { return used_; }

private:
  std::byte* base_;
  std::size_t used_ = 0;
};

void put(const std::vector<float>& from, float* to) {
  std::copy(from.begin(), from.end(), to);
}

void put(const bert::norm_weights& from, const packed_norm& to) {
  put(from.gamma, to.gamma);
  put(from.beta, to.beta);
}

void put(const bert::dense_weights& from, const packed_dense& to) {
  pack_panels(to.layout, from.weight.data(), to.panels, to.scales, to.sums);
  std::fill_n(to.bias, to.layout.columns(), 0.0F);
  put(from.bias, to.bias);
}

void put(const bert::layer_weights& from, const packed_parts::layer& to) {
  put(from.qkv, to.qkv);
  put(from.attention_output, to.attention_output);
  put(from.up, to.up);
  put(from.down, to.down);
  put(from.attention_norm, to.attention_norm);
  put(from.output_norm, to.output_norm);
}

/// Reads everything into its place.
result<void> fill(bert::weight_reader& weights, const packed_parts& to) {
  const auto embeddings = weights.embeddings();
  if (!embeddings) return tl::unexpected(embeddings.error());
  put(embeddings->words, to.words);
  put(embeddings->positions, to.positions);
  put(embeddings->types, to.types);
  put(embeddings->norm, to.embedding_norm);
  for (std::size_t index = 0; index < to.layers.size(); ++index) {
    const auto layer = weights.layer(index);
    if (!layer) return tl::unexpected(layer.error());
    put(*layer, to.layers[index]);
  }
  const auto classifier = weights.classifier();
  if (!classifier) return tl::unexpected(classifier.error());
  put(classifier->weight, to.classifier_weight);
  put(classifier->bias, to.classifier_bias);
  return {};
}

} // namespace

packed_parts lay_out(const bert::model_config& config, const std::vector<layer_types>& types,
                     std::byte* base) {
  cursor from{base};
  const auto size = config.hidden_size, inner = config.intermediate_size;
  packed_parts made;
  made.words = from.take<float>(config.vocab_size * size);
  made.positions = from.take<float>(config.max_positions * size);
  made.types = from.take<float>(config.type_vocab_size * size);
  made.embedding_norm = from.take_norm(size);
  for (const auto& type : types) {
    packed_parts::layer layer;
    layer.qkv = from.take_dense(size, 3 * size, type.qkv);
    layer.attention_output = from.take_dense(size, size, type.attention_output);
    layer.up = from.take_dense(size, inner, type.up);
    layer.down = from.take_dense(inner, size, type.down);
    layer.attention_norm = from.take_norm(size);
    layer.output_norm = from.take_norm(size);
    made.layers.push_back(layer);
  }
  made.classifier_weight = from.take<float>(config.labels.size() * size);
  made.classifier_bias = from.take<float>(config.labels.size());
  made.bytes = from.used();
  return made;
}

element& layer_types::of(bert::layer_product product) {
  switch (product) {
  case bert::layer_product::qkv:
    return qkv;
  case bert::layer_product::attention_output:
    return attention_output;
  case bert::layer_product::up:
    return up;
  case bert::layer_product::down:
    break;
  }
  return down;
}

std::vector<layer_types> types_of(const bert::model_config& config, bert::precision precision,
                                  const std::vector<bert::product_name>& kept, element better) {
  const auto type = element_of(precision);
  std::vector<layer_types> made(config.num_layers, layer_types{type, type, type, type});
  if (type != element::int8) return made;
  for (const auto& name : kept)
    made[name.layer].of(name.product) = better;
  return made;
}

result<packed_model> pack_model(bert::weight_reader& weights,
                                const std::vector<layer_types>& types) {
  const auto bytes = lay_out(weights.config(), types, nullptr).bytes;
  auto memory = std::make_shared<aligned_buffer<std::byte>>(bytes);
  packed_model made{memory, lay_out(weights.config(), types, memory->data()), memory->data()};
  if (auto filled = fill(weights, made.parts); !filled)
    return tl::unexpected(std::move(filled.error()));
  return made;
}

} // namespace troupe::cpu
