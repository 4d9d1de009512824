#include "tests/kernels/cpu/golden_encoder.hpp"

#include "kernels/bert/safetensors.hpp"
#include "tests/kernels/cpu/weights_spec.hpp"

#include <algorithm>
#include <cstring>
#include <set>
#include <stdexcept>

namespace troupe::test {
namespace {

template <class Element>
std::vector<Element> elements(const bert::safetensors_file& file, const std::string& name,
                              const char* dtype) {
  const auto* tensor = file.find(name);
  if (!tensor || tensor->dtype != dtype)
    throw std::runtime_error{file.path().string() + " has no " + dtype + " tensor " + name};
  std::vector<Element> values(tensor->bytes.size() / sizeof(Element));
  std::memcpy(values.data(), tensor->bytes.data(), tensor->bytes.size());
  return values;
}

golden_case read_case(const bert::safetensors_file& file, const std::string& name) {
  golden_case read;
  read.name = name;
  read.ids = elements<std::int32_t>(file, name + ".ids", "I32");
  read.type_ids = elements<std::int32_t>(file, name + ".type_ids", "I32");
  read.logits = elements<float>(file, name + ".logits", "F32");
  for (std::size_t layer = 0;; ++layer) {
    const auto hidden = name + ".hidden." + std::to_string(layer);
    if (!file.find(hidden)) return read;
    read.hidden.push_back(elements<float>(file, hidden, "F32"));
  }
}

} // namespace

golden_encoder::golden_encoder(const std::filesystem::path& folder) : model_dir_{folder} {
  if (exists(folder / "weights.spec.json") && !exists(folder / "model.safetensors")) {
    model_dir_ = expanded_.path();
    std::filesystem::copy_file(folder / "config.json", model_dir_ / "config.json");
    expand_weights(folder / "weights.spec.json", model_dir_ / "model.safetensors");
  }
  const auto file = bert::safetensors_file::open(folder / "expected.safetensors");
  if (!file) throw std::runtime_error{file.error().message()};
  constexpr std::string_view suffix = ".ids";
  for (const auto& [name, tensor] : file->tensors())
    if (name.ends_with(suffix))
      cases_.push_back(read_case(*file, name.substr(0, name.size() - suffix.size())));
}

const golden_encoder& small_encoder() {
  static const golden_encoder model{source_folder() / "tests/golden/encoder/h48"};
  return model;
}

std::vector<std::filesystem::path> golden_encoders() {
  const std::set<std::filesystem::path> roots{golden_folder(), source_folder() / "tests/golden"};
  std::vector<std::filesystem::path> found;
  for (const auto& root : roots)
    for (const char* parent : {"encoder", "encoder/layouts"}) {
      std::error_code none;
      for (const auto& entry : std::filesystem::directory_iterator{root / parent, none})
        if (exists(entry.path() / "expected.safetensors")) found.push_back(entry.path());
    }
  std::sort(found.begin(), found.end());
  return found;
}

} // namespace troupe::test
