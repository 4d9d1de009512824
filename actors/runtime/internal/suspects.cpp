#include "actors/runtime/internal/suspects.hpp"

#include <algorithm>
#include <array>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <openssl/evp.h>
#include <utility>

namespace troupe::runtime {
namespace {

/// Maps serialise in any order otherwise.
std::string serialize_in_order(const google::protobuf::Message& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream{&bytes};
  google::protobuf::io::CodedOutputStream out{&stream};
  out.SetSerializationDeterministic(true);
  message.SerializePartialToCodedStream(&out);
  out.Trim();
  return bytes;
}

std::string sha256(const std::string& bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> sum{};
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), sum.data(), &size, EVP_sha256(), nullptr);
  return {reinterpret_cast<const char*>(sum.data()), size};
}

} // namespace

std::string suspects::identity(const std::string& idempotency_key,
                               const google::protobuf::Message& payload) {
  if (!idempotency_key.empty()) return "key " + idempotency_key;
  return payload.GetTypeName() + " " + sha256(serialize_in_order(payload));
}

std::uint32_t suspects::blame(const std::string& identity, time_point now) {
  const auto times = times_blamed(identity, now) + 1;
  forget(identity);
  if (known_.size() >= defaults::most_suspects) known_.erase(known_.begin());
  known_.push_back({identity, times, now});
  return times;
}

std::uint32_t suspects::times_blamed(const std::string& identity, time_point now) {
  drop_old(now);
  const auto found = std::find_if(known_.begin(), known_.end(),
                                  [&](const suspect& each) { return each.identity == identity; });
  return found == known_.end() ? 0 : found->times;
}

void suspects::forget(const std::string& identity) {
  std::erase_if(known_, [&](const suspect& each) { return each.identity == identity; });
}

void suspects::drop_old(time_point now) {
  std::erase_if(known_,
                [&](const suspect& each) { return each.last + defaults::suspicion <= now; });
}

} // namespace troupe::runtime
