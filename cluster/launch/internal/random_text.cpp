#include "cluster/launch/internal/random_text.hpp"

#include <random>

namespace troupe::cluster {

std::string random_hex(std::size_t digits) {
  std::random_device source; // the system's, on Linux
  std::uniform_int_distribution<std::size_t> digit{0, 15};
  std::string made;
  while (made.size() < digits)
    made += "0123456789abcdef"[digit(source)];
  return made;
}

} // namespace troupe::cluster
