#pragma once

#include "kernels/result.hpp"

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::bert {

/// The feed-forward activation: `gelu` is x * Phi(x) with the exact erf, `gelu_new` its tanh form.
enum class activation { gelu, gelu_new };

/// The shape of a BERT token classifier: config.json after every field was checked. A plain value.
struct model_config {
  std::size_t vocab_size = 0;
  std::size_t hidden_size = 0;
  /// Divides `hidden_size`.
  std::size_t num_heads = 0;
  std::size_t num_layers = 0;
  std::size_t intermediate_size = 0;
  /// The longest sequence, in tokens, special tokens included.
  std::size_t max_positions = 512;
  std::size_t type_vocab_size = 2;
  float layer_norm_eps = 1e-12F;
  activation hidden_activation = activation::gelu;
  /// Label of logit i; never empty.
  std::vector<std::string> labels;
  /// The token types are the shapes of words (`"token_types": "word_shape"`), not sentence numbers.
  bool word_shape_types = false;

  [[nodiscard]] std::size_t head_dim() const { return hidden_size / num_heads; }
};

/// Upper bounds on what a config may ask for: far above every published BERT, far below what would
/// overflow.
struct config_limits {
  static constexpr std::size_t vocab_size = 4'000'000;
  static constexpr std::size_t hidden_size = 16'384;
  static constexpr std::size_t num_layers = 256;
  static constexpr std::size_t intermediate_size = 131'072;
  static constexpr std::size_t max_positions = 131'072;
  static constexpr std::size_t type_vocab_size = 4'096;
  static constexpr std::size_t labels = 65'536;
  static constexpr std::size_t file_bytes = 16 << 20;
};

/// The checked config of `json_text`. `origin` (a path) only goes into error messages.
/// Missing keys take the defaults of the Hugging Face library, where it has any that make sense.
/// @returns `bad_config` naming origin and key.
[[nodiscard]] result<model_config> parse_config(std::string_view json_text,
                                                const std::string& origin);

/// The checked config of `model_dir`/config.json. @returns also `unreadable_file`.
[[nodiscard]] result<model_config> load_config(const std::filesystem::path& model_dir);

} // namespace troupe::bert
