#pragma once

#include "kernels/result.hpp"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::bert {

class safetensors_file;

/// The four products of a layer.
enum class layer_product { qkv, attention_output, up, down };
inline constexpr layer_product all_layer_products[] = {
    layer_product::qkv, layer_product::attention_output, layer_product::up, layer_product::down};

/// One product of a model, written "layer.3.down".
struct product_name {
  std::size_t layer = 0;
  layer_product product = layer_product::qkv;

  friend bool operator==(const product_name&, const product_name&) = default;
};

[[nodiscard]] std::string to_string(const product_name& name);
/// @returns nothing for another form, or a layer that is not below `layers`.
[[nodiscard]] std::optional<product_name> parse_product_name(std::string_view text,
                                                             std::size_t layers);

/// A `content_hash` in hexadecimal digits of names, sizes and bytes of a model's weight files: another model has another
/// one, unless somebody wants it not to. Reads all of them. @returns `unreadable_file`.
[[nodiscard]] result<std::string> fingerprint_of(const std::vector<const safetensors_file*>& files);

/// What was found out about a model in int8 on somebody's data, kept as quantization.json in the model's folder.
struct quantization {
  /// Of the weights that were looked at.
  std::string fingerprint;
  /// Products that int8 would harm: they are computed in the next better type.
  std::vector<product_name> kept;
  /// The evidence: on which data, the part of the float32 model's spans that differ, and by how much F1 fell where the data
  /// has labels.
  std::string data;
  std::size_t sentences = 0;
  double differing_spans = 0;
  std::optional<double> f1_loss;
  /// Whether the bounds were not kept and somebody wanted it nevertheless.
  bool forced = false;
};

/// @returns nothing where the model has no such file; `bad_config` naming the field for a damaged one.
[[nodiscard]] result<std::optional<quantization>>
load_quantization(const std::filesystem::path& model_dir, std::size_t layers);

/// Writes the file whole or not at all. @returns `unreadable_file` when the folder cannot be written.
[[nodiscard]] result<void> save_quantization(const std::filesystem::path& model_dir,
                                             const quantization& found);

} // namespace troupe::bert
