#pragma once

#include "kernels/bert/config.hpp"
#include "tests/kernels/bert/safetensors_bytes.hpp"

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace troupe::test {

/// Names of tensors and their shapes.
using shapes = std::map<std::string, std::vector<std::size_t>>;

inline bert::model_config small_config() {
  bert::model_config config;
  config.vocab_size = 5;
  config.hidden_size = 4;
  config.num_heads = 2;
  config.num_layers = 1;
  config.intermediate_size = 6;
  config.max_positions = 3;
  config.type_vocab_size = 2;
  config.labels = {"O", "B-X", "I-X"};
  return config;
}

/// Names without prefix.
inline shapes small_shapes() {
  const std::string layer = "encoder.layer.0.";
  shapes all{{"embeddings.word_embeddings.weight", {5, 4}},
             {"embeddings.position_embeddings.weight", {3, 4}},
             {"embeddings.token_type_embeddings.weight", {2, 4}},
             {layer + "intermediate.dense.weight", {6, 4}},
             {layer + "intermediate.dense.bias", {6}},
             {layer + "output.dense.weight", {4, 6}},
             {layer + "output.dense.bias", {4}},
             {"classifier.weight", {3, 4}},
             {"classifier.bias", {3}}};
  for (const char* square : {"attention.self.query", "attention.self.key", "attention.self.value",
                             "attention.output.dense"}) {
    all[layer + square + ".weight"] = {4, 4};
    all[layer + square + ".bias"] = {4};
  }
  for (const std::string& norm :
       {std::string{"embeddings.LayerNorm"}, layer + "attention.output.LayerNorm",
        layer + "output.LayerNorm"}) {
    all[norm + ".weight"] = {4};
    all[norm + ".bias"] = {4};
  }
  return all;
}

/// A file of these tensors; element i of tensor t is t + i / 1000, t counting in order of names.
inline std::string file_of(const shapes& tensors) {
  auto header = nlohmann::ordered_json::object();
  std::string data;
  float number = 0;
  for (const auto& [name, shape] : tensors) {
    std::size_t count = 1;
    for (const auto dimension : shape)
      count *= dimension;
    const auto start = data.size();
    for (std::size_t i = 0; i < count; ++i) {
      const float value = number + static_cast<float>(i) / 1000;
      data.append(reinterpret_cast<const char*>(&value), sizeof value);
    }
    header[name] = {{"dtype", "F32"}, {"shape", shape}, {"data_offsets", {start, data.size()}}};
    ++number;
  }
  return safetensors_bytes(header.dump(), data);
}

/// config.json of `small_config`.
inline std::string small_config_json() {
  return R"({"vocab_size": 5, "hidden_size": 4, "num_attention_heads": 2, "num_hidden_layers": 1,
    "intermediate_size": 6, "max_position_embeddings": 3, "type_vocab_size": 2,
    "id2label": {"0": "O", "1": "B-X", "2": "I-X"}})";
}

} // namespace troupe::test
