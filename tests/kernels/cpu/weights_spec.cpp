#include "tests/kernels/cpu/weights_spec.hpp"

#include "tests/support/files.hpp"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <openssl/evp.h>
#include <stdexcept>
#include <string>

namespace troupe::test {
namespace {

using nlohmann::ordered_json;

std::uint64_t fnv1a(const std::string& text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const unsigned char byte : text)
    hash = (hash ^ byte) * 0x100000001b3U;
  return hash;
}

/// SplitMix64's output function.
std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31);
}

/// The bytes of one tensor. Two roundings per value: the product and the sum must not be fused.
std::string tensor_bytes(const ordered_json& tensor, std::uint64_t seed) {
  const auto key = fnv1a(tensor.at("name").get<std::string>()) ^ seed;
  const auto base = tensor.at("base").get<float>(), amplitude = tensor.at("amp").get<float>();
  std::size_t count = 1;
  for (const auto& dimension : tensor.at("shape"))
    count *= dimension.get<std::size_t>();
  std::string bytes(count * sizeof(float), '\0');
  for (std::size_t i = 0; i < count; ++i) {
    const auto bits = mix(key + (i + 1) * 0x9E3779B97F4A7C15U) >> 40;
    const auto centred = static_cast<std::int32_t>(bits) - (1 << 23);
    volatile float scaled = static_cast<float>(centred) * 0x1p-23F * amplitude;
    const float value = base + scaled;
    bytes.replace(i * sizeof value, sizeof value, reinterpret_cast<const char*>(&value),
                  sizeof value);
  }
  return bytes;
}

std::string header_bytes(const ordered_json& tensors) {
  ordered_json header;
  std::size_t offset = 0;
  for (const auto& tensor : tensors) {
    std::size_t size = sizeof(float);
    for (const auto& dimension : tensor.at("shape"))
      size *= dimension.get<std::size_t>();
    header[tensor.at("name").get<std::string>()] = {
        {"dtype", "F32"}, {"shape", tensor.at("shape")}, {"data_offsets", {offset, offset + size}}};
    offset += size;
  }
  auto text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');
  const std::uint64_t length = text.size();
  return std::string(reinterpret_cast<const char*>(&length), sizeof length) + text;
}

std::string sha256(const std::string& bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_sha256(), nullptr) != 1)
    throw std::runtime_error{"SHA-256 failed"};
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    text += "0123456789abcdef"[digest[i] >> 4];
    text += "0123456789abcdef"[digest[i] & 15];
  }
  return text;
}

} // namespace

void expand_weights(const std::filesystem::path& spec_path, const std::filesystem::path& to) {
  const auto spec = ordered_json::parse(read_file(spec_path));
  auto bytes = header_bytes(spec.at("tensors"));
  for (const auto& tensor : spec.at("tensors"))
    bytes += tensor_bytes(tensor, spec.at("seed").get<std::uint64_t>());
  if (const auto found = sha256(bytes); found != spec.at("sha256").get<std::string>())
    throw std::runtime_error{spec_path.string() + " describes weights with another SHA-256 than " +
                             found};
  write_file(to, bytes);
}

} // namespace troupe::test
