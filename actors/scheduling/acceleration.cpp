#include "actors/scheduling/acceleration.hpp"

namespace troupe::scheduling {
namespace {

/// The upper 53 bits as a number in [0, 1).
double unit(std::uint64_t bits) {
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

} // namespace

std::uint64_t fnv1a(std::string_view bytes) noexcept {
  std::uint64_t hash = 0xCBF29CE484222325;
  for (const char byte : bytes)
    hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001B3;
  return hash;
}

std::uint64_t splitmix64(std::uint64_t x) noexcept {
  x += 0x9E3779B97F4A7C15;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

std::optional<double> acceleration(std::string_view program, std::uint64_t seed,
                                   const acceleration_model& model) noexcept {
  const std::uint64_t first = splitmix64(fnv1a(program) ^ splitmix64(seed));
  if (unit(first) >= model.probability) return std::nullopt;
  return model.min + (model.max - model.min) * unit(splitmix64(first));
}

} // namespace troupe::scheduling
