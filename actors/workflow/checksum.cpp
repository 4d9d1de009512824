#include "actors/workflow/checksum.hpp"

#include <algorithm>
#include <new>
#include <openssl/evp.h>

namespace troupe::workflow {
namespace {

EVP_MD_CTX* as_context(void* held) {
  return static_cast<EVP_MD_CTX*>(held);
}

/// Fetched once: looking the algorithm up costs more than a short sum.
const EVP_MD* algorithm() {
  static const EVP_MD* fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return fetched;
}

} // namespace

checksummer::checksummer() : context_(EVP_MD_CTX_new()) {
  if (!context_) throw std::bad_alloc{};
  EVP_DigestInit_ex2(as_context(context_), algorithm(), nullptr);
}

checksummer::~checksummer() {
  EVP_MD_CTX_free(as_context(context_));
}

checksummer& checksummer::add(std::int64_t number) {
  std::array<unsigned char, 8> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<unsigned char>(static_cast<std::uint64_t>(number) >> (8 * i));
  EVP_DigestUpdate(as_context(context_), bytes.data(), bytes.size());
  return *this;
}

checksummer& checksummer::add(std::string_view part) {
  add(static_cast<std::int64_t>(part.size()));
  EVP_DigestUpdate(as_context(context_), part.data(), part.size());
  return *this;
}

checksum checksummer::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> whole{};
  EVP_DigestFinal_ex(as_context(context_), whole.data(), nullptr);
  EVP_DigestInit_ex2(as_context(context_), nullptr, nullptr);
  checksum made;
  std::copy_n(whole.begin(), made.size(), made.begin());
  return made;
}

} // namespace troupe::workflow
