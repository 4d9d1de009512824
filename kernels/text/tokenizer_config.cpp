#include "kernels/text/tokenizer_config.hpp"

#include "kernels/text/defaults.hpp"
#include "kernels/text/errors.hpp"
#include "kernels/text/files.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

namespace troupe::text {
namespace {

using json = nlohmann::json;

/// Reads keys of one JSON object and keeps the first error, so that reading is a plain list of keys.
class key_reader {
public:
  key_reader(const json& object, std::string file) : object_{object}, file_{std::move(file)} {}

  /// The value, or nullptr where the key is missing or null.
  const json* find(const char* key) const {
    const auto at = object_.find(key);
    return at == object_.end() || at->is_null() ? nullptr : &*at;
  }

  void read(const char* key, bool& out) {
    const json* value = find(key);
    if (!value) return;
    if (!value->is_boolean())
      return refuse(text_errc::bad_config, key, "must be true, false or null");
    out = value->get<bool>();
  }

  /// A token is a string, or an object with the key "content".
  void read_token(const char* key, std::string& out) {
    const json* value = find(key);
    if (!value) return;
    if (auto text = token_text(*value, key)) out = std::move(*text);
  }

  std::optional<std::string> token_text(const json& value, const std::string& key) {
    if (value.is_object()) {
      for (const char* flag : {"lstrip", "rstrip", "single_word", "normalized"}) {
        if (const auto at = value.find(flag); at != value.end() && *at == true) {
          refuse(text_errc::unsupported, key,
                 std::string{"has \""} + flag + "\": true; only false is supported");
          return std::nullopt;
        }
      }
      const auto content = value.find("content");
      if (content != value.end() && content->is_string()) return content->get<std::string>();
    }
    if (value.is_string()) return value.get<std::string>();
    refuse(text_errc::bad_config, key, "must be a string or an object with a string \"content\"");
    return std::nullopt;
  }

  void refuse(text_errc code, const std::string& key, const std::string& why) {
    if (!error_) error_ = error{code, file_ + ": key \"" + key + "\" " + why};
  }

  const std::optional<error>& first_error() const { return error_; }

private:
  const json& object_;
  std::string file_;
  std::optional<error> error_;
};

result<json> read_object(const std::filesystem::path& file) {
  const auto bytes = read_bounded(file, defaults::max_config_bytes);
  if (!bytes) return tl::unexpected(bytes.error());
  json parsed = json::parse(*bytes, nullptr, /*allow_exceptions=*/false);
  if (parsed.is_discarded())
    return fail(text_errc::bad_config, file.string() + " is not valid JSON");
  if (!parsed.is_object())
    return fail(text_errc::bad_config, file.string() + " must be a JSON object");
  return parsed;
}

/// The tokenizers that share BERT's rules. Others would load and give wrong ids, so they are refused.
void check_class(key_reader& reader) {
  const json* value = reader.find("tokenizer_class");
  if (!value) return;
  constexpr std::array<std::string_view, 4> known{"BertTokenizer", "DistilBertTokenizer",
                                                  "ElectraTokenizer", "MobileBertTokenizer"};
  std::string name = value->is_string() ? value->get<std::string>() : value->type_name();
  if (name.ends_with("Fast")) name.resize(name.size() - 4);
  if (std::find(known.begin(), known.end(), name) == known.end()) {
    reader.refuse(text_errc::unsupported, "tokenizer_class",
                  "is \"" + name.substr(0, 80) +
                      "\"; supported are BertTokenizer and its like (WordPiece)");
  }
}

void read_max_length(key_reader& reader, std::size_t& out) {
  const json* value = reader.find("model_max_length");
  if (!value) return;
  // As double: folders that mean "no limit" have 1e30, sometimes written out with all its digits.
  const double length = value->is_number() ? value->get<double>() : 0;
  if (!(length >= 3))
    return reader.refuse(text_errc::bad_config, "model_max_length",
                         "must be a number of at least 3");
  out = static_cast<std::size_t>(std::min(length, static_cast<double>(defaults::max_model_length)));
}

/// {"103": {"content": "[MASK]", "special": true, ...}, ...}
void read_added_tokens(key_reader& reader, tokenizer_options& options) {
  const json* added = reader.find("added_tokens_decoder");
  if (!added) return;
  if (!added->is_object()) {
    return reader.refuse(text_errc::bad_config, "added_tokens_decoder",
                         "must be an object from id to token");
  }
  for (const auto& [key, token] : added->items()) {
    const std::string place = "added_tokens_decoder." + key.substr(0, 20);
    std::int32_t id = -1;
    const auto [end, code] = std::from_chars(key.data(), key.data() + key.size(), id);
    if (code != std::errc{} || end != key.data() + key.size() || id < 0) {
      return reader.refuse(text_errc::bad_config, place, "must be named by a token id");
    }
    if (auto text = reader.token_text(token, place))
      options.added_tokens.emplace_back(std::move(*text), id);
  }
}

/// A list of tokens, or an object from name to token.
void read_token_list(key_reader& reader, const char* key, tokenizer_options& options) {
  const json* list = reader.find(key);
  if (!list) return;
  if (!list->is_structured())
    return reader.refuse(text_errc::bad_config, key, "must be a list of tokens");
  for (const json& token : *list) {
    if (auto text = reader.token_text(token, key))
      options.added_tokens.emplace_back(std::move(*text), -1);
  }
}

result<void> read_token_types(const std::filesystem::path& file, bool& word_shapes) {
  if (std::error_code code; !std::filesystem::exists(file, code)) return {};
  const auto parsed = read_object(file);
  if (!parsed) return tl::unexpected(parsed.error());
  const auto types = parsed->find("token_types");
  if (types == parsed->end() || types->is_null()) return {};
  if (*types != "word_shape") {
    return fail(text_errc::unsupported,
                file.string() + ": key \"token_types\" must be \"word_shape\" or be left out");
  }
  word_shapes = true;
  return {};
}

} // namespace

result<tokenizer_options> load_tokenizer_options(const std::filesystem::path& model_dir) {
  const auto file = model_dir / "tokenizer_config.json";
  const auto parsed = read_object(file);
  if (!parsed) return tl::unexpected(parsed.error());
  key_reader reader{*parsed, file.string()};
  tokenizer_options options;
  check_class(reader);
  reader.read("do_lower_case", options.lowercase);
  options.strip_accents = options.lowercase;
  reader.read("strip_accents", options.strip_accents);
  reader.read("tokenize_chinese_chars", options.split_cjk);
  read_max_length(reader, options.model_max_length);
  reader.read_token("unk_token", options.unk_token);
  reader.read_token("sep_token", options.sep_token);
  reader.read_token("pad_token", options.pad_token);
  reader.read_token("cls_token", options.cls_token);
  reader.read_token("mask_token", options.mask_token);
  read_added_tokens(reader, options);
  read_token_list(reader, "additional_special_tokens", options);
  read_token_list(reader, "extra_special_tokens", options);
  if (reader.first_error()) return tl::unexpected(*reader.first_error());
  if (auto types = read_token_types(model_dir / "config.json", options.word_shapes); !types) {
    return tl::unexpected(types.error());
  }
  return options;
}

} // namespace troupe::text
