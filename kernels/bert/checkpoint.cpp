// The folder side of safetensors.hpp: one file, or an index and its shards.
#include "kernels/bert/errors.hpp"
#include "kernels/bert/safetensors.hpp"
#include "kernels/bert/small_file.hpp"
#include "kernels/bert/unique_json.hpp"

#include <utility>

namespace troupe::bert {
namespace {

constexpr const char* single_name = "model.safetensors";
constexpr const char* index_name = "model.safetensors.index.json";
constexpr std::size_t max_index_bytes = 64 << 20;

/// Only a plain name may stand in an index: anything with a folder in it could leave the model.
bool plain_name(std::string_view name) {
  constexpr std::size_t longest = 255;
  return !name.empty() && name.size() <= longest && name != "." && name != ".." &&
         name.find_first_of(std::string_view{"/\\\0", 3}) == std::string_view::npos;
}

} // namespace

result<void> checkpoint::add_shard(const std::filesystem::path& path) {
  const auto name = path.filename().string();
  if (files_.contains(name)) return {};
  auto file = safetensors_file::open(path);
  if (!file) return tl::unexpected(file.error());
  files_.emplace(name, std::move(*file));
  return {};
}

result<void> checkpoint::read_index(const std::filesystem::path& path) {
  const auto bad = [&](const std::string& what) {
    return fail(bert_errc::bad_safetensors, path.string() + ": " + what);
  };
  const auto text = read_small_file(path, max_index_bytes);
  if (!text) return tl::unexpected(text.error());
  const auto root = parse_unique_json(*text);
  if (!root) return bad(root.error());
  const auto map = root->find("weight_map");
  if (map == root->end() || !map->is_object() || map->empty())
    return bad("\"weight_map\" must be an object that is not empty");
  for (const auto& [tensor, file] : map->items()) {
    if (!file.is_string() || !plain_name(file.get_ref<const std::string&>()))
      return bad("tensor \"" + tensor + "\" must be in a file of the same folder, not in " +
                 (file.is_string() ? file.dump(-1, ' ', true) : file.type_name()));
    index_.emplace(tensor, file.get<std::string>());
  }
  return {};
}

result<checkpoint> checkpoint::open(const std::filesystem::path& model_dir) {
  checkpoint opened;
  std::error_code ignored;
  if (!std::filesystem::exists(model_dir / index_name, ignored) ||
      std::filesystem::exists(model_dir / single_name, ignored)) {
    if (auto added = opened.add_shard(model_dir / single_name); !added)
      return tl::unexpected(added.error());
    return opened;
  }
  if (auto read = opened.read_index(model_dir / index_name); !read)
    return tl::unexpected(read.error());
  for (const auto& [tensor, file] : opened.index_) {
    if (auto added = opened.add_shard(model_dir / file); !added)
      return tl::unexpected(added.error());
    if (!opened.find(tensor))
      return fail(bert_errc::bad_safetensors, (model_dir / file).string() + " has no tensor \"" +
                                                  tensor + "\", which the index says it has");
  }
  return opened;
}

std::vector<const safetensors_file*> checkpoint::files() const {
  std::vector<const safetensors_file*> all;
  for (const auto& [name, file] : files_)
    all.push_back(&file);
  return all;
}

const safetensors_file* checkpoint::file_of(std::string_view name) const {
  if (index_.empty()) return &files_.begin()->second;
  const auto at = index_.find(name);
  return at == index_.end() ? nullptr : &files_.find(at->second)->second;
}

const tensor_view* checkpoint::find(std::string_view name) const {
  const auto* file = file_of(name);
  return file ? file->find(name) : nullptr;
}

result<void> checkpoint::read(std::string_view name, std::vector<std::byte>& out) const {
  return file_of(name)->read(*find(name), out);
}

} // namespace troupe::bert
