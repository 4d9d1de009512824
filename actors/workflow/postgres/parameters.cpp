#include "actors/workflow/postgres/parameters.hpp"

namespace troupe::workflow::postgres {
namespace {

constexpr std::string_view digits = "0123456789abcdef";

void append_hex(std::string& to, std::string_view bytes) {
  to.reserve(to.size() + 2 * bytes.size());
  for (const char each : bytes) {
    const auto byte = static_cast<unsigned char>(each);
    to += digits[byte >> 4];
    to += digits[byte & 15];
  }
}

} // namespace

std::string hex(std::string_view bytes) {
  std::string made = "\\x";
  append_hex(made, bytes);
  return made;
}

parameters& parameters::add(std::int64_t number) {
  texts_.push_back(std::to_string(number));
  return *this;
}

parameters& parameters::add_bytes(std::string_view bytes) {
  texts_.push_back(hex(bytes));
  return *this;
}

parameters& parameters::add_name(const std::string& name) {
  texts_.push_back(name);
  return *this;
}

parameters& parameters::add(const column& array) {
  texts_.push_back(array.text());
  return *this;
}

void column::separate() {
  if (!elements_.empty()) elements_ += ',';
}

void column::add(std::int64_t number) {
  separate();
  elements_ += std::to_string(number);
}

void column::add_bytes(std::string_view bytes) {
  separate();
  elements_ += "\"\\\\x"; // within an array's quotes a backslash is written twice
  append_hex(elements_, bytes);
  elements_ += '"';
}

} // namespace troupe::workflow::postgres
