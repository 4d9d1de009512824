#include "actors/workflow/stored_dead_letters.hpp"

#include "actors/runtime/failure_codec.hpp"
#include "actors/workflow/errors.hpp"

#include <fmt/format.h>

namespace troupe::workflow {

std::int64_t to_ms(std::chrono::system_clock::time_point moment) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(moment.time_since_epoch()).count();
}

std::string failure_bytes(const dead_letter& letter) {
  return encode_failure(letter.why).SerializeAsString();
}

bool read_failure(std::string_view bytes, dead_letter& into) {
  v1::Failure wire;
  if (!wire.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return false;
  into.why = decode_failure(wire);
  return true;
}

checksum sum_of(const dead_letter& letter, std::string_view failure_bytes) {
  return checksummer{}
      .add(letter.id)
      .add(to_ms(letter.time))
      .add(letter.target.type)
      .add(letter.target.key)
      .add(letter.payload.type_url)
      .add(letter.payload.bytes)
      .add(letter.idempotency_key)
      .add(failure_bytes)
      .add(std::int64_t{letter.attempts})
      .finish();
}

error damaged_letter(const std::string& id, const std::string& where, std::string_view backup) {
  return {workflow_errc::store_damaged,
          fmt::format("dead letter {} in {} is not as it was written; discard it, or restore the "
                      "{} from a backup",
                      id, where, backup)};
}

} // namespace troupe::workflow
