// model.safetensors.index.json beside two shards: no index leads out of the folder or to a tensor that is not there.
#include "kernels/bert/safetensors.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/fuzz/scratch_folder.hpp"
#include "tests/kernels/bert/safetensors_bytes.hpp"

using namespace troupe;

namespace {

const std::filesystem::path& model_folder() {
  static const bool written = [] {
    for (const std::string name : {"a", "b"})
      test::write_file(fuzz::scratch_folder() / (name + ".safetensors"),
                       test::safetensors_bytes(
                           "{\"" + name + R"(":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
                           std::string(4, '\0')));
    return true;
  }();
  static_cast<void>(written);
  return fuzz::scratch_folder();
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  test::write_file(model_folder() / "model.safetensors.index.json",
                   std::string{fuzz::as_text(data, size)});
  const auto opened = bert::checkpoint::open(model_folder());
  if (!opened) return fuzz::require(!opened.error().context.empty(), "an error says why"), 0;
  for (const char* name : {"a", "b", "c"}) {
    const auto* tensor = opened->find(name);
    fuzz::require(!tensor || tensor->bytes.size() == 4, "a tensor that is found is whole");
  }
  return 0;
}
