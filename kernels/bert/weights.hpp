#pragma once

#include "kernels/bert/config.hpp"
#include "kernels/bert/safetensors.hpp"
#include "kernels/result.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace troupe::bert {

/// y = x W^T + b.
struct dense_weights {
  /// [outputs, inputs] float32, row-major, as checkpoints store it.
  std::vector<float> weight;
  /// [outputs]
  std::vector<float> bias;
};

/// LayerNorm's factor and offset, [hidden_size] each.
struct norm_weights {
  std::vector<float> gamma, beta;
};

struct embedding_weights {
  /// [vocab_size, hidden_size], [max_positions, hidden_size], [type_vocab_size, hidden_size]
  std::vector<float> words, positions, types;
  norm_weights norm;
};

struct layer_weights {
  /// Query, key and value one below the other: [3 * hidden_size, hidden_size].
  dense_weights qkv;
  /// [hidden_size, hidden_size]
  dense_weights attention_output;
  norm_weights attention_norm;
  /// [intermediate_size, hidden_size] and back.
  dense_weights up, down;
  norm_weights output_norm;
};

/// Reads a model's weights part by part as float32, so that an engine that packs each part never
/// holds the whole model twice. Knows the names that Hugging Face checkpoints use: with and without
/// "bert.", LayerNorm.weight/bias or gamma/beta. Tensors it does not ask for (pooler, position_ids,
/// pre-training heads) do not matter. Every function returns `bad_weights` naming the tensor that
/// is missing or of another shape or type, and `unreadable_file` when a file was shortened meanwhile.
/// One thread at a time.
class weight_reader {
public:
  [[nodiscard]] static result<weight_reader> open(const std::filesystem::path& model_dir,
                                                  model_config config);

  [[nodiscard]] const model_config& config() const { return config_; }
  [[nodiscard]] const std::filesystem::path& model_dir() const { return model_dir_; }

  /// What is odd but not refused of the parts read so far, one line each: tensors with values that are
  /// no finite numbers.
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }
  void warn(std::string line) { warnings_.push_back(std::move(line)); }

  /// The files that the parts come from. Valid as long as this object.
  [[nodiscard]] std::vector<const safetensors_file*> files() const { return tensors_.files(); }

  [[nodiscard]] result<embedding_weights> embeddings();
  /// @param index below `num_layers`.
  [[nodiscard]] result<layer_weights> layer(std::size_t index);
  /// [labels, hidden_size]
  [[nodiscard]] result<dense_weights> classifier();

private:
  weight_reader(std::filesystem::path model_dir, model_config config, checkpoint tensors);

  std::filesystem::path model_dir_;
  model_config config_;
  checkpoint tensors_;
  std::vector<std::string> warnings_;
};

} // namespace troupe::bert
