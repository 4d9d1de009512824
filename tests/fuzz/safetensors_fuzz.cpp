// A safetensors file: what is accepted can be read to its last byte, and tensors do not overlap.
#include "kernels/bert/safetensors.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/fuzz/memory_file.hpp"

#include <numeric>

using namespace troupe;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fuzz::memory_file file;
  file.write(fuzz::as_text(data, size));
  const auto opened = bert::safetensors_file::open(file.path());
  if (!opened) return fuzz::require(!opened.error().context.empty(), "an error says why"), 0;
  std::size_t total = 0;
  for (const auto& [name, tensor] : opened->tensors()) {
    total += tensor.bytes.size();
    const unsigned sum = std::accumulate(
        tensor.bytes.begin(), tensor.bytes.end(), 0U,
        [](unsigned before, std::byte byte) { return before + std::to_integer<unsigned>(byte); });
    fuzz::require(sum <= 255U * tensor.bytes.size(), "every byte can be read");
    const std::size_t elements = std::accumulate(tensor.shape.begin(), tensor.shape.end(),
                                                 std::size_t{1}, std::multiplies<>{});
    // A shape with a zero may promise anything beside it.
    if (tensor.bytes.empty()) continue;
    fuzz::require(elements <= tensor.bytes.size() * 2, "no more elements than bytes");
    std::vector<float> values(elements);
    const auto refused = bert::to_fp32(tensor, values);
    fuzz::require(!refused || !refused->empty(), "a refusal says why");
  }
  fuzz::require(total <= size, "tensors do not overlap");
  return 0;
}
