#include "kernels/bert/weights.hpp"

#include "kernels/bert/errors.hpp"

#include <algorithm>
#include <utility>

namespace troupe::bert {
namespace {

using shape = std::vector<std::size_t>;

std::string to_string(const shape& dimensions) {
  std::string text;
  for (const auto dimension : dimensions)
    text += (text.empty() ? "" : ", ") + std::to_string(dimension);
  return "[" + text + "]";
}

/// Fetches tensors by name and remembers the first thing that is wrong, so that callers check once.
class fetcher {
public:
  fetcher(const checkpoint& tensors, const std::filesystem::path& dir,
          std::vector<std::string>& warnings)
      : tensors_{tensors}, dir_{dir}, warnings_{warnings} {}

  /// Appends the tensor of one of the names, with or without the model's prefix, to `out`.
  void append(std::vector<float>& out, const std::vector<std::string>& names, const shape& wanted) {
    if (problem_) return;
    const auto name = find(names);
    if (!name) return complain(names.front(), "is missing");
    const tensor_view& stored = *tensors_.find(*name);
    if (stored.shape != wanted)
      return complain(*name, "has shape " + to_string(stored.shape) + " where config.json says " +
                                 to_string(wanted));
    if (auto read = tensors_.read(*name, bytes_); !read) {
      problem_ = std::move(read.error());
      return;
    }
    std::size_t count = 1;
    for (const auto dimension : wanted)
      count *= dimension;
    const auto start = out.size();
    out.resize(start + count);
    const auto values = std::span{out}.subspan(start);
    if (const auto why = to_fp32({stored.dtype, stored.shape, bytes_}, values))
      return complain(*name, *why);
    if (const auto odd = count_not_finite(values); odd != 0)
      warnings_.push_back(place_of(*name) + " has " + std::to_string(odd) + " of " +
                          std::to_string(count) +
                          " values that are NaN or infinite; what they touch has no answer");
  }

  void dense(dense_weights& out, const std::string& name, std::size_t outputs, std::size_t inputs) {
    append(out.weight, {name + ".weight"}, {outputs, inputs});
    append(out.bias, {name + ".bias"}, {outputs});
  }

  void norm(norm_weights& out, const std::string& name, std::size_t size) {
    append(out.gamma, {name + ".weight", name + ".gamma"}, {size});
    append(out.beta, {name + ".bias", name + ".beta"}, {size});
  }

  [[nodiscard]] const std::optional<error>& problem() const { return problem_; }

private:
  [[nodiscard]] std::optional<std::string> find(const std::vector<std::string>& names) const {
    for (const char* prefix : {"bert.", ""})
      for (const auto& name : names)
        if (tensors_.find(prefix + name)) return prefix + name;
    return std::nullopt;
  }

  [[nodiscard]] std::string place_of(const std::string& name) const {
    return dir_.string() + ": tensor \"" + name + "\"";
  }

  void complain(const std::string& name, const std::string& what) {
    problem_ = error{bert_errc::bad_weights, place_of(name) + " " + what};
  }

  const checkpoint& tensors_;
  const std::filesystem::path& dir_;
  std::vector<std::string>& warnings_;
  std::vector<std::byte> bytes_; // of the tensor at hand
  std::optional<error> problem_;
};

template <class Part>
result<Part> finish(const fetcher& from, Part part) {
  if (from.problem()) return tl::unexpected(*from.problem());
  return part;
}

} // namespace

weight_reader::weight_reader(std::filesystem::path model_dir, model_config config,
                             checkpoint tensors)
    : model_dir_{std::move(model_dir)}, config_{std::move(config)}, tensors_{std::move(tensors)} {}

result<weight_reader> weight_reader::open(const std::filesystem::path& model_dir,
                                          model_config config) {
  auto tensors = checkpoint::open(model_dir);
  if (!tensors) return tl::unexpected(tensors.error());
  return weight_reader{model_dir, std::move(config), std::move(*tensors)};
}

result<embedding_weights> weight_reader::embeddings() {
  fetcher from{tensors_, model_dir_, warnings_};
  embedding_weights out;
  const auto size = config_.hidden_size;
  const std::string at = "embeddings.";
  from.append(out.words, {at + "word_embeddings.weight"}, {config_.vocab_size, size});
  from.append(out.positions, {at + "position_embeddings.weight"}, {config_.max_positions, size});
  from.append(out.types, {at + "token_type_embeddings.weight"}, {config_.type_vocab_size, size});
  from.norm(out.norm, at + "LayerNorm", size);
  return finish(from, std::move(out));
}

result<layer_weights> weight_reader::layer(std::size_t index) {
  fetcher from{tensors_, model_dir_, warnings_};
  layer_weights out;
  const auto size = config_.hidden_size;
  const auto at = "encoder.layer." + std::to_string(index) + ".";
  for (const char* part : {"query", "key", "value"})
    from.dense(out.qkv, at + "attention.self." + part, size, size);
  from.dense(out.attention_output, at + "attention.output.dense", size, size);
  from.norm(out.attention_norm, at + "attention.output.LayerNorm", size);
  from.dense(out.up, at + "intermediate.dense", config_.intermediate_size, size);
  from.dense(out.down, at + "output.dense", size, config_.intermediate_size);
  from.norm(out.output_norm, at + "output.LayerNorm", size);
  return finish(from, std::move(out));
}

result<dense_weights> weight_reader::classifier() {
  fetcher from{tensors_, model_dir_, warnings_};
  dense_weights out;
  from.dense(out, "classifier", config_.labels.size(), config_.hidden_size);
  return finish(from, std::move(out));
}

} // namespace troupe::bert
