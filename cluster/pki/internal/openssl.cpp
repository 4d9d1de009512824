#include "cluster/pki/internal/openssl.hpp"

#include <array>
#include <openssl/err.h>

namespace troupe::cluster {

tl::unexpected<error> openssl_failed(std::string_view doing) {
  std::array<char, 256> text{};
  const auto last = ERR_peek_last_error();
  ERR_clear_error();
  if (last != 0) ERR_error_string_n(last, text.data(), text.size());
  return fail(pki_errc::crypto_failed,
              std::string{doing} + (last != 0 ? ": " : "") + std::string{text.data()});
}

std::string text_of(BIO& memory) {
  const char* data = nullptr;
  const long size = BIO_get_mem_data(&memory, &data);
  return {data, static_cast<std::size_t>(size < 0 ? 0 : size)};
}

openssl_ptr<BIO> reader_of(std::string_view text) {
  return openssl_ptr<BIO>{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
}

openssl_ptr<BIO> memory_writer() {
  return openssl_ptr<BIO>{BIO_new(BIO_s_mem())};
}

} // namespace troupe::cluster
