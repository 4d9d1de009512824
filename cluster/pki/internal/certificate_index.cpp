#include "cluster/pki/internal/certificate_index.hpp"

#include "cluster/pki/internal/certificate.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace troupe::cluster {
namespace {

using nlohmann::json;

constexpr int format = 1;
constexpr std::uint64_t most_lists = std::uint64_t{1} << 53;
std::int64_t seconds(std::chrono::sys_seconds when) {
  return when.time_since_epoch().count();
}
/// @returns whether it is a time that clocks in nanoseconds can tell, too.
bool read_moment(const json& from, std::chrono::sys_seconds& into) {
  constexpr std::int64_t latest = 8'000'000'000; // in 2223
  if (!from.is_number_integer()) return false;
  const auto read = from.get<std::int64_t>();
  into = std::chrono::sys_seconds{std::chrono::seconds{std::clamp<std::int64_t>(read, 0, latest)}};
  return seconds(into) == read;
}

json to_object(const issued_certificate& one) {
  json roles = json::array();
  for (const node_role role : one.who.roles)
    roles.push_back(to_string(role));
  json made{{"serial", one.serial},
            {"node", one.who.node},
            {"roles", std::move(roles)},
            {"hosts", one.hosts},
            {"not_before", seconds(one.not_before)},
            {"not_after", seconds(one.not_after)}};
  if (one.revoked_at) {
    made["revoked_at"] = seconds(*one.revoked_at);
    made["reason"] = to_string(one.reason);
  }
  return made;
}

bool is_serial(const std::string& text) {
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

/// Throws json::exception where a member is missing or of another kind. @returns what else is wrong.
result<issued_certificate> from_object(const json& from, const std::string& cluster) {
  issued_certificate one;
  one.serial = from.at("serial").get<std::string>();
  if (!is_serial(one.serial)) return fail(pki_errc::damaged, "a serial has 32 hexadecimal digits");
  one.who.cluster = cluster;
  one.who.node = from.at("node").get<std::string>();
  if (auto checked = check_name("node", one.who.node); !checked)
    return tl::unexpected(checked.error());
  for (const auto& name : from.at("roles")) {
    const auto role = role_of(name.get<std::string>());
    if (!role) return tl::unexpected(role.error());
    one.who.roles.insert(*role);
  }
  one.hosts = from.at("hosts").get<std::vector<std::string>>();
  for (const auto& host : one.hosts)
    if (auto checked = check_host(host); !checked) return tl::unexpected(checked.error());
  bool times = read_moment(from.at("not_before"), one.not_before) &&
               read_moment(from.at("not_after"), one.not_after);
  if (from.contains("revoked_at"))
    times = read_moment(from.at("revoked_at"), one.revoked_at.emplace()) && times;
  if (!times) return fail(pki_errc::damaged, "a time is in seconds since 1970");
  if (!one.revoked_at) return one;
  const auto reason = reason_of(from.at("reason").get<std::string>());
  if (!reason) return tl::unexpected(reason.error());
  one.reason = *reason;
  return one;
}

} // namespace

std::string to_json(const certificate_index& index) {
  json list = json::array();
  for (const auto& one : index.certificates)
    list.push_back(to_object(one));
  return json{{"format", format},
              {"cluster", index.cluster},
              {"revocations", index.revocations},
              {"certificates", std::move(list)}}
             .dump(1) +
         "\n";
}

result<certificate_index> index_from_json(std::string_view text) {
  std::string place = "the whole";
  try {
    const auto from = json::parse(text);
    certificate_index index;
    if (from.at("format") != format)
      return fail(pki_errc::damaged, "it is of another version of troupe");
    index.cluster = from.at("cluster").get<std::string>();
    if (auto checked = check_name("cluster", index.cluster); !checked)
      return fail(pki_errc::damaged, checked.error().context);
    const auto& lists = from.at("revocations");
    if (!lists.is_number_unsigned() || lists.get<std::uint64_t>() > most_lists)
      return fail(pki_errc::damaged, "revocations is no number of lists");
    index.revocations = lists.get<std::int64_t>();
    for (const auto& each : from.at("certificates")) {
      place = "certificate " + std::to_string(index.certificates.size() + 1);
      auto one = from_object(each, index.cluster);
      if (!one) return fail(pki_errc::damaged, place + ": " + one.error().context);
      index.certificates.push_back(std::move(*one));
    }
    return index;
  } catch (const json::exception& wrong) {
    return fail(pki_errc::damaged, place + ": " + wrong.what());
  }
}

} // namespace troupe::cluster
