#include "actors/workflow/sha256.hpp"

#include <array>
#include <fmt/format.h>
#include <iterator>
#include <new>
#include <openssl/evp.h>

namespace troupe::workflow {
namespace {

struct context_freer {
  void operator()(EVP_MD_CTX* held) const { EVP_MD_CTX_free(held); }
};
using context_pointer = std::unique_ptr<EVP_MD_CTX, context_freer>;

context_pointer new_context() {
  context_pointer made{EVP_MD_CTX_new()};
  if (!made) throw std::bad_alloc{};
  return made;
}

} // namespace

struct sha256_sum::context {
  context_pointer running = new_context();
};

sha256_sum::sha256_sum() : held_(std::make_unique<context>()) {
  EVP_DigestInit_ex(held_->running.get(), EVP_sha256(), nullptr);
}
sha256_sum::sha256_sum(sha256_sum&&) noexcept = default;
sha256_sum& sha256_sum::operator=(sha256_sum&&) noexcept = default;
sha256_sum::~sha256_sum() = default;

void sha256_sum::add(std::string_view bytes) {
  EVP_DigestUpdate(held_->running.get(), bytes.data(), bytes.size());
}

std::string sha256_sum::value() const {
  const context_pointer copy = new_context();
  EVP_MD_CTX_copy_ex(copy.get(), held_->running.get());
  std::array<unsigned char, EVP_MAX_MD_SIZE> made{};
  unsigned int size = 0;
  EVP_DigestFinal_ex(copy.get(), made.data(), &size);
  return {reinterpret_cast<const char*>(made.data()), size};
}

std::string sha256(std::string_view bytes) {
  sha256_sum made;
  made.add(bytes);
  return made.value();
}

std::string to_hex(std::string_view bytes) {
  std::string made;
  for (const char each : bytes)
    fmt::format_to(std::back_inserter(made), "{:02x}", static_cast<unsigned char>(each));
  return made;
}

} // namespace troupe::workflow
