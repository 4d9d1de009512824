// config.json of a model: what is accepted is inside all limits.
#include "kernels/bert/config.hpp"
#include "kernels/bert/labels.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace troupe;
using limits = bert::config_limits;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto config = bert::parse_config(fuzz::as_text(data, size), "config.json");
  if (!config) return fuzz::require(!config.error().context.empty(), "an error says why"), 0;
  fuzz::require(config->num_heads > 0 && config->hidden_size % config->num_heads == 0,
                "heads divide the hidden size");
  fuzz::require(config->vocab_size > 0 && config->vocab_size <= limits::vocab_size, "vocab_size");
  fuzz::require(config->hidden_size > 0 && config->hidden_size <= limits::hidden_size,
                "hidden_size");
  fuzz::require(config->num_layers <= limits::num_layers, "num_layers");
  fuzz::require(config->intermediate_size <= limits::intermediate_size, "intermediate_size");
  fuzz::require(config->max_positions <= limits::max_positions, "max_positions");
  fuzz::require(config->type_vocab_size <= limits::type_vocab_size, "type_vocab_size");
  fuzz::require(config->layer_norm_eps >= 0 && config->layer_norm_eps < 1, "layer_norm_eps");
  fuzz::require(!config->labels.empty() && config->labels.size() <= limits::labels, "labels");
  const bert::label_set labels{config->labels};
  for (std::size_t i = 0; i < labels.size(); ++i)
    fuzz::require(labels.name(i).ends_with(labels.tag(i)), "a tag ends its label");
  return 0;
}
