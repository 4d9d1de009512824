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
}

checksummer::~checksummer() {
  EVP_MD_CTX_free(as_context(context_));
}

checksummer& checksummer::add(std::int64_t number) {
  std::array<char, sizeof(number)> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<char>(static_cast<std::uint64_t>(number) >> (8 * i));
  parts_.append(bytes.data(), bytes.size());
  return *this;
}

checksummer& checksummer::add(std::string_view part) {
  add(static_cast<std::int64_t>(part.size()));
  parts_.append(part);
  return *this;
}

checksum checksummer::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> whole{};
  EVP_DigestInit_ex2(as_context(context_), algorithm(), nullptr);
  EVP_DigestUpdate(as_context(context_), parts_.data(), parts_.size());
  EVP_DigestFinal_ex(as_context(context_), whole.data(), nullptr);
  parts_.clear();
  checksum made;
  std::copy_n(whole.begin(), made.size(), made.begin());
  return made;
}

} // namespace troupe::workflow
