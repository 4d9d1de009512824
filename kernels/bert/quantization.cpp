#include "kernels/bert/quantization.hpp"

#include "kernels/bert/content_hash.hpp"
#include "kernels/bert/errors.hpp"
#include "kernels/bert/safetensors.hpp"
#include "kernels/bert/small_file.hpp"
#include "kernels/bert/unique_json.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>

namespace troupe::bert {
namespace {

constexpr const char* file_name = "quantization.json";
constexpr std::size_t max_file_bytes = 1 << 20, read_bytes = 1 << 20;
constexpr std::array<std::string_view, 4> product_names{"qkv", "attention_output", "up", "down"};

auto bad_file(const std::filesystem::path& path, const std::string& what) {
  return fail(bert_errc::bad_config,
              path.string() + ": " + what + "; make it again with troupe model quantize");
}

/// Reads members of one object; remembers the first that is missing or of another type.
class member_reader {
public:
  explicit member_reader(const nlohmann::json& object) : object_{object} {}

  template <class Value>
  Value get(const char* name, bool (nlohmann::json::*is)() const noexcept) {
    const auto at = object_.find(name);
    if (at != object_.end() && ((*at).*is)()) return at->template get<Value>();
    if (problem_.empty()) problem_ = std::string{"\""} + name + "\" is missing or of another type";
    return {};
  }
  [[nodiscard]] const std::string& problem() const { return problem_; }

private:
  const nlohmann::json& object_;
  std::string problem_;
};

result<std::vector<product_name>> read_kept(const std::filesystem::path& path,
                                            const nlohmann::json& names, std::size_t layers) {
  std::vector<product_name> kept;
  for (const auto& each : names) {
    const auto name = each.is_string()
                          ? parse_product_name(each.get_ref<const std::string&>(), layers)
                          : std::nullopt;
    if (!name)
      return bad_file(path, "\"kept\" has " + each.dump(-1, ' ', true) +
                                ", which is no product of this model (layer.0.down ...)");
    kept.push_back(*name);
  }
  return kept;
}

} // namespace

std::string to_string(const product_name& name) {
  return "layer." + std::to_string(name.layer) + "." +
         std::string{product_names[static_cast<std::size_t>(name.product)]};
}

std::optional<product_name> parse_product_name(std::string_view text, std::size_t layers) {
  constexpr std::string_view start = "layer.";
  if (!text.starts_with(start)) return std::nullopt;
  text.remove_prefix(start.size());
  product_name found;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), found.layer);
  if (problem != std::errc{} || found.layer >= layers) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (!text.starts_with('.')) return std::nullopt;
  const auto at = std::find(product_names.begin(), product_names.end(), text.substr(1));
  if (at == product_names.end()) return std::nullopt;
  found.product = static_cast<layer_product>(at - product_names.begin());
  return found;
}

result<std::string> fingerprint_of(const std::vector<const safetensors_file*>& files) {
  content_hash hash;
  std::vector<std::byte> room(read_bytes);
  for (const auto* file : files) {
    hash.add(file->path().filename().string() + '\0' + std::to_string(file->size()) + '\0');
    for (std::size_t at = 0; at < file->size(); at += room.size()) {
      const auto part = std::span{room}.first(std::min(room.size(), file->size() - at));
      if (auto read = file->read_raw(at, part); !read) return tl::unexpected(read.error());
      hash.add(part);
    }
  }
  return hash.hex();
}

result<std::optional<quantization>> load_quantization(const std::filesystem::path& model_dir,
                                                      std::size_t layers) {
  const auto path = model_dir / file_name;
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return std::nullopt;
  const auto text = read_small_file(path, max_file_bytes);
  if (!text) return tl::unexpected(text.error());
  const auto root = parse_unique_json(*text);
  if (!root) return bad_file(path, root.error());
  using nlohmann::json;
  member_reader from{*root};
  quantization found;
  found.fingerprint = from.get<std::string>("fingerprint", &json::is_string);
  found.data = from.get<std::string>("data", &json::is_string);
  found.sentences = from.get<std::size_t>("sentences", &json::is_number_unsigned);
  found.differing_spans = from.get<double>("differing_spans", &json::is_number);
  found.forced = from.get<bool>("forced", &json::is_boolean);
  if (root->contains("f1_loss")) found.f1_loss = from.get<double>("f1_loss", &json::is_number);
  const auto names = from.get<json>("kept", &json::is_array);
  if (!from.problem().empty()) return bad_file(path, from.problem());
  auto kept = read_kept(path, names, layers);
  if (!kept) return tl::unexpected(std::move(kept.error()));
  found.kept = std::move(*kept);
  return found;
}

result<void> save_quantization(const std::filesystem::path& model_dir, const quantization& found) {
  nlohmann::ordered_json root{{"fingerprint", found.fingerprint},
                              {"data", found.data},
                              {"sentences", found.sentences},
                              {"differing_spans", found.differing_spans}};
  if (found.f1_loss) root["f1_loss"] = *found.f1_loss;
  root["forced"] = found.forced;
  root["kept"] = nlohmann::ordered_json::array();
  for (const auto& name : found.kept)
    root["kept"].push_back(to_string(name));
  const auto path = model_dir / file_name, beside = model_dir / (std::string{file_name} + ".new");
  {
    std::ofstream out{beside, std::ios::binary | std::ios::trunc};
    out << root.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
    out.close();
    if (!out) return fail(bert_errc::unreadable_file, beside.string() + " cannot be written");
  }
  std::error_code problem;
  std::filesystem::rename(beside, path, problem);
  if (problem) return fail(bert_errc::unreadable_file, path.string() + ": " + problem.message());
  return {};
}

} // namespace troupe::bert
