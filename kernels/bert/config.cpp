#include "kernels/bert/config.hpp"

#include "kernels/bert/errors.hpp"
#include "kernels/bert/small_file.hpp"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

namespace troupe::bert {
namespace {

using nlohmann::json;

/// What a person would have to look at: the file, the key, and what is wrong there.
auto bad(const std::string& origin, std::string_view key, const std::string& what) {
  return fail(bert_errc::bad_config, origin + ": \"" + std::string{key} + "\" " + what);
}

/// A value in an error message: never longer than a line. Of lists and objects only the kind: writing them out recurses,
/// and a hostile file nests deeper than the stack.
std::string shown(const json& value) {
  if (value.is_structured()) return value.is_array() ? "a list" : "an object";
  constexpr std::size_t limit = 60;
  auto text = value.dump(-1, ' ', true, json::error_handler_t::replace);
  return text.size() <= limit ? text : text.substr(0, limit) + "...";
}

/// Reads the keys of one config; remembers the first thing that is wrong, so that callers check
/// once.
class reader {
public:
  reader(const json& root, std::string origin) : root_{root}, origin_{std::move(origin)} {}

  /// A key that is absent or null counts as not given.
  [[nodiscard]] const json* find(const char* key) const {
    const auto at = root_.find(key);
    return at == root_.end() || at->is_null() ? nullptr : &*at;
  }

  std::size_t count(const char* key, std::size_t missing, std::size_t limit) {
    const auto* value = find(key);
    if (!value) return missing;
    if (!value->is_number_unsigned() || value->get<std::uint64_t>() == 0 ||
        value->get<std::uint64_t>() > limit) {
      complain(key, "must be a whole number from 1 to " + std::to_string(limit) + ", not " +
                        shown(*value));
      return missing;
    }
    return value->get<std::size_t>();
  }

  std::string text(const char* key, const char* missing) {
    const auto* value = find(key);
    if (!value) return missing;
    if (value->is_string()) return value->get<std::string>();
    complain(key, "must be a string, not " + shown(*value));
    return missing;
  }

  /// @returns whether the key is `true`; anything but a boolean is wrong.
  bool flag(const char* key) {
    const auto* value = find(key);
    if (!value) return false;
    if (value->is_boolean()) return value->get<bool>();
    complain(key, "must be true or false, not " + shown(*value));
    return false;
  }

  void complain(std::string_view key, const std::string& what) {
    if (!problem_) problem_ = bad(origin_, key, what).value();
  }

  [[nodiscard]] const std::optional<error>& problem() const { return problem_; }

private:
  const json& root_;
  std::string origin_;
  std::optional<error> problem_;
};

/// Fields whose other values mean a network that is not computed here.
void check_architecture(reader& in) {
  if (const auto type = in.text("model_type", "bert"); type != "bert")
    in.complain("model_type", "must be \"bert\", not " + shown(type));
  if (const auto position = in.text("position_embedding_type", "absolute"); position != "absolute")
    in.complain("position_embedding_type", "must be \"absolute\", not " + shown(position));
  for (const char* key : {"is_decoder", "add_cross_attention"})
    if (in.flag(key)) in.complain(key, "must be false: only encoders are supported");
  if (in.find("quantization_config"))
    in.complain("quantization_config", "is not supported: give the unquantised checkpoint");
  const auto* names = in.find("architectures");
  if (!names) return;
  const json wanted = "BertForTokenClassification";
  if (!names->is_array())
    in.complain("architectures", "must be a list, not " + shown(*names));
  else if (!names->empty() && std::find(names->begin(), names->end(), wanted) == names->end())
    in.complain("architectures", "must name BertForTokenClassification, not " + shown(*names));
}

activation read_activation(reader& in) {
  const auto name = in.text("hidden_act", "gelu");
  if (name == "gelu") return activation::gelu;
  if (name == "gelu_new" || name == "gelu_pytorch_tanh") return activation::gelu_new;
  in.complain("hidden_act", "must be gelu or gelu_new, not " + shown(name));
  return activation::gelu;
}

float read_epsilon(reader& in) {
  constexpr float missing = 1e-12F;
  constexpr const char* key = "layer_norm_eps";
  const auto* value = in.find(key);
  if (!value) return missing;
  const double number = value->is_number() ? value->get<double>() : 0;
  if (number >= 1e-30 && number <= 0.1) return static_cast<float>(number);
  in.complain(key, "must be a number from 1e-30 to 0.1, not " + shown(*value));
  return missing;
}

bool read_word_shapes(reader& in) {
  const auto* value = in.find("token_types");
  if (!value) return false;
  if (in.text("token_types", "") == "word_shape") return true;
  in.complain("token_types", "must be \"word_shape\" where it is given, not " + shown(*value));
  return false;
}

/// The label of one entry of id2label, or nothing after a complaint.
const json* label_at(reader& in, const json& map, std::size_t index) {
  const auto at = map.find(std::to_string(index));
  if (at == map.end()) {
    in.complain("id2label", "has " + std::to_string(map.size()) + " entries but no \"" +
                                std::to_string(index) + "\": ids must run from 0 without holes");
    return nullptr;
  }
  constexpr std::size_t longest = 256;
  if (at->is_string() && !at->get_ref<const std::string&>().empty() &&
      at->get_ref<const std::string&>().size() <= longest)
    return &*at;
  in.complain("id2label", "entry \"" + std::to_string(index) +
                              "\" must be a string of 1 to 256 bytes, not " + shown(*at));
  return nullptr;
}

std::vector<std::string> read_named_labels(reader& in, const json& map) {
  std::vector<std::string> labels;
  if (!map.is_object() || map.empty() || map.size() > config_limits::labels) {
    in.complain("id2label", "must be an object with 1 to " + std::to_string(config_limits::labels) +
                                " entries, not " + shown(map));
    return labels;
  }
  for (std::size_t index = 0; index < map.size(); ++index) {
    const auto* label = label_at(in, map, index);
    if (!label) break;
    labels.push_back(label->get<std::string>());
  }
  return labels;
}

std::vector<std::string> read_labels(reader& in) {
  const auto* map = in.find("id2label");
  const auto count = in.count("num_labels", map ? map->size() : 2, config_limits::labels);
  if (map) {
    auto labels = read_named_labels(in, *map);
    if (count != labels.size())
      in.complain("num_labels", "is " + std::to_string(count) + " but id2label has " +
                                    std::to_string(labels.size()) + " entries");
    return labels;
  }
  std::vector<std::string> labels;
  for (std::size_t index = 0; index < count; ++index)
    labels.push_back("LABEL_" + std::to_string(index));
  return labels;
}

model_config read_fields(reader& in) {
  using limits = config_limits;
  model_config config;
  check_architecture(in);
  config.vocab_size = in.count("vocab_size", 30522, limits::vocab_size);
  config.hidden_size = in.count("hidden_size", 768, limits::hidden_size);
  config.num_heads = in.count("num_attention_heads", 12, limits::hidden_size);
  config.num_layers = in.count("num_hidden_layers", 12, limits::num_layers);
  config.intermediate_size = in.count("intermediate_size", 3072, limits::intermediate_size);
  config.max_positions = in.count("max_position_embeddings", 512, limits::max_positions);
  config.type_vocab_size = in.count("type_vocab_size", 2, limits::type_vocab_size);
  config.layer_norm_eps = read_epsilon(in);
  config.hidden_activation = read_activation(in);
  config.labels = read_labels(in);
  config.word_shape_types = read_word_shapes(in);
  if (config.hidden_size % config.num_heads != 0)
    in.complain("num_attention_heads", std::to_string(config.num_heads) +
                                           " does not divide hidden_size " +
                                           std::to_string(config.hidden_size));
  constexpr std::size_t shapes = 4;
  if (config.word_shape_types && config.type_vocab_size < shapes)
    in.complain("type_vocab_size", "must be at least 4 where token_types is word_shape");
  return config;
}

} // namespace

result<model_config> parse_config(std::string_view json_text, const std::string& origin) {
  const auto root = json::parse(json_text, nullptr, /*allow_exceptions=*/false);
  if (root.is_discarded()) return fail(bert_errc::bad_config, origin + " is not JSON");
  if (!root.is_object()) return fail(bert_errc::bad_config, origin + " is not a JSON object");
  reader in{root, origin};
  auto config = read_fields(in);
  if (in.problem()) return tl::unexpected(*in.problem());
  return config;
}

result<model_config> load_config(const std::filesystem::path& model_dir) {
  const auto path = model_dir / "config.json";
  const auto text = read_small_file(path, config_limits::file_bytes);
  if (!text) return tl::unexpected(text.error());
  return parse_config(*text, path.string());
}

} // namespace troupe::bert
