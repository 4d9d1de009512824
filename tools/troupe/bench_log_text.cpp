#include "tools/troupe/bench_log_text.hpp"

#include <array>
#include <fmt/format.h>
#include <random>

namespace troupe::cli {

namespace {

constexpr std::array first_names{"Alice",  "Robert", "Maria", "Wei",   "Fatima", "Carlos",
                                 "Ingrid", "Pavel",  "Yuki",  "Priya", "Kwame",  "Zoe"};
constexpr std::array last_names{"Johnson", "Garcia", "Chen",     "Rossi",  "Okafor", "Petrov",
                                "Hansen",  "Silva",  "Nakamura", "Dubois", "Novak",  "Haddad"};
constexpr std::array streets{"Maple Street", "Station Road", "Church Lane", "Victoria Avenue"};
constexpr std::array cities{"Springfield", "Portland", "Leeds", "Madison"};
/// Numbers for tests that payment networks publish; their check digits are right.
constexpr std::array cards{"4111 1111 1111 1111", "5555 5555 5555 4444", "4012888888881881"};

class log_writer {
public:
  std::string line(bool personal) {
    const auto time =
        fmt::format("2026-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", number(1, 12), number(1, 28),
                    number(0, 23), number(0, 59), number(0, 59), number(0, 999));
    return time + (personal ? personal_event() : plain_event());
  }

private:
  unsigned number(unsigned least, unsigned most) {
    return least + static_cast<unsigned>(random_()) % (most - least + 1);
  }
  template <std::size_t N>
  const char* one_of(const std::array<const char*, N>& all) {
    return all[number(0, N - 1)];
  }
  std::string hash() { return fmt::format("{:08x}{:08x}", random_(), random_()); }
  std::string name() { return fmt::format("{} {}", one_of(first_names), one_of(last_names)); }

  std::string plain_event() {
    switch (number(0, 4)) {
    case 0:
      return fmt::format(" INFO  gateway  GET /v2/items/{} 200 {}ms trace={}", number(100, 99'999),
                         number(1, 900), hash());
    case 1:
      return fmt::format(" DEBUG cache  evicted {} entries, version 3.{}.1, shard {}",
                         number(100, 9'999), number(1, 59), number(1, 59));
    case 2:
      return fmt::format(" INFO  scheduler  job {} finished in {} ms on node-{}", hash(),
                         number(100, 99'999), number(1, 59));
    case 3:
      return fmt::format(" ERROR db  connection reset, retry {} of 12, query {}", number(1, 12),
                         hash());
    default:
      return fmt::format(" WARN  disk  volume vol-{} is {} percent full, oldest segment {}",
                         number(1, 99), number(70, 99), hash());
    }
  }

  std::string personal_event() {
    switch (number(0, 4)) {
    case 0:
      return fmt::format(" INFO  auth  login ok user={}.{}@example.com ip=192.0.2.{} session={}",
                         one_of(first_names), number(1, 99), number(1, 254), hash());
    case 1:
      return fmt::format(" WARN  billing  card {} declined for {} order={}", one_of(cards), name(),
                         number(100, 99'999));
    case 2:
      return fmt::format(" INFO  crm  callback requested by {}, phone (212) 555-{:04}", name(),
                         number(0, 9'999));
    case 3:
      return fmt::format(" INFO  shipping  parcel {} to {}, {} {}, {} labelled",
                         number(100, 99'999), name(), number(1, 999), one_of(streets),
                         one_of(cities));
    default:
      return fmt::format(" WARN  firewall  blocked 198.51.100.{} after {} attempts by {}",
                         number(1, 254), number(2, 59), name());
    }
  }

  std::minstd_rand random_{7};
};

} // namespace

std::string make_log_text(const log_text_options& options) {
  log_writer writer;
  std::string text;
  for (std::size_t line = 1; text.size() < options.bytes; ++line)
    text += writer.line(options.personal_every != 0 && line % options.personal_every == 0) + '\n';
  return text;
}

} // namespace troupe::cli
