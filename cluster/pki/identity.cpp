#include "cluster/pki/identity.hpp"

#include "cluster/pki/errc.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace troupe::cluster {
namespace {

constexpr std::array<std::pair<node_role, std::string_view>, 4> roles{
    {{node_role::coordinator, "coordinator"},
     {node_role::worker, "worker"},
     {node_role::gateway, "gateway"},
     {node_role::operator_, "operator"}}};
constexpr std::string_view node_prefix = "troupe://", role_prefix = "troupe:role:";
constexpr std::size_t longest_name = 63;

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

/// Adds what one URI says.
result<void> read_uri(std::string_view uri, node_identity& who) {
  if (uri.starts_with(role_prefix)) {
    const auto role = role_of(uri.substr(role_prefix.size()));
    if (!role) return tl::unexpected(role.error());
    who.roles.insert(*role);
  } else if (uri.starts_with(node_prefix)) {
    if (!who.node.empty())
      return fail(pki_errc::bad_request, "the certificate names more than one node");
    const auto name = uri.substr(node_prefix.size());
    const auto slash = std::min(name.find('/'), name.size());
    who.cluster = name.substr(0, slash);
    who.node = name.substr(std::min(slash + 1, name.size()));
    if (auto checked = check_name("cluster", who.cluster); !checked) return checked;
    return check_name("node", who.node);
  }
  return {};
}

} // namespace

std::string_view to_string(node_role role) {
  for (const auto& [value, name] : roles)
    if (value == role) return name;
  return "unknown";
}

result<node_role> role_of(std::string_view name) {
  for (const auto& [value, known] : roles)
    if (known == name) return value;
  return fail(pki_errc::bad_request,
              "\"" + std::string{name.substr(0, longest_name)} +
                  "\" is no role; there are coordinator, worker, gateway, operator");
}

result<void> check_name(std::string_view what, std::string_view name) {
  const bool good = !name.empty() && name.size() <= longest_name &&
                    std::all_of(name.begin(), name.end(), is_name_char) && name.front() != '-' &&
                    name.back() != '-';
  if (good) return {};
  return fail(pki_errc::bad_request,
              "\"" + std::string{name.substr(0, longest_name)} + "\" is no name of a " +
                  std::string{what} +
                  "; it takes 1 to 63 of a-z, 0-9 and -, which neither begins nor ends it");
}

std::vector<std::string> to_uris(const node_identity& who) {
  std::vector<std::string> uris{std::string{node_prefix} + who.cluster + "/" + who.node};
  for (const node_role role : who.roles)
    uris.push_back(std::string{role_prefix} + std::string{to_string(role)});
  return uris;
}

result<node_identity> identity_of(std::span<const std::string> uris) {
  node_identity who;
  for (const auto& uri : uris)
    if (auto read = read_uri(uri, who); !read) return tl::unexpected(read.error());
  if (who.node.empty()) return fail(pki_errc::bad_request, "the certificate names no node");
  if (who.roles.empty()) return fail(pki_errc::bad_request, "the certificate gives no role");
  return who;
}

} // namespace troupe::cluster
