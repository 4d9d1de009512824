#pragma once

#include <filesystem>

namespace troupe::test {

/// Writes the safetensors file that a weights.spec.json describes (the generator is documented in
/// tests/golden/make_encoder.py) and compares its SHA-256 with the one in the spec. Throws
/// std::runtime_error.
void expand_weights(const std::filesystem::path& spec, const std::filesystem::path& to);

} // namespace troupe::test
