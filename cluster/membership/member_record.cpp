#include "cluster/membership/member_record.hpp"

#include "actors/runtime/names.hpp"
#include "actors/scheduling/resources/resource_text.hpp"
#include "cluster/membership/defaults.hpp"
#include "cluster/membership/errc.hpp"
#include "cluster/membership/release.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace troupe::cluster {
namespace {

namespace bounds = membership_defaults;

tl::unexpected<error> bad_field(std::string_view field, std::string_view why) {
  return fail(membership_errc::bad_record, fmt::format("{} {}", field, why));
}

bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

/// HOST:PORT or [HOST]:PORT; whether there is such a host, only the network knows.
bool is_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || text.size() > bounds::longest_address)
    return false;
  const auto port = text.substr(colon + 1);
  return is_plain(text) && !port.empty() && port.size() <= 5 &&
         std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; });
}

/// Full name of a Protobuf message.
bool is_message_name(std::string_view text) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.';
  };
  return !text.empty() && text.size() <= bounds::longest_message_name &&
         std::ranges::all_of(text, fits);
}

result<void> check_agent(const offered_agent& of) {
  if (!runtime::is_name_part(of.type))
    return bad_field("agents", "has a type that is no name of an agent");
  if (of.keys.size() > bounds::most_keys || of.methods.size() > bounds::most_methods)
    return bad_field("agents", fmt::format("has more than {} keys or {} methods of {}",
                                           bounds::most_keys, bounds::most_methods, of.type));
  if (!std::ranges::all_of(of.keys, runtime::is_name_part))
    return bad_field("agents", fmt::format("has a key of {} that cannot be", of.type));
  for (const offered_method& each : of.methods)
    if (!is_message_name(each.request) || !is_message_name(each.reply))
      return bad_field("agents", fmt::format("has a method of {} without messages", of.type));
  return {};
}

result<void> check_agents(const member_record& of) {
  if (of.agents.size() > bounds::most_agents)
    return bad_field("agents", fmt::format("are more than {}", bounds::most_agents));
  for (const offered_agent& each : of.agents)
    if (auto fits = check_agent(each); !fits) return fits;
  return {};
}

result<void> check_roles(const member_record& of) {
  if (of.roles.empty()) return bad_field("roles", "are none; give at least one");
  if (of.roles.contains(node_role::operator_))
    return bad_field("roles", "has operator, which is a person's and no node's");
  return {};
}

} // namespace

std::string_view to_string(member_state state) {
  constexpr std::string_view names[] = {"joining", "active", "draining", "left", "dead"};
  const auto at = static_cast<std::size_t>(state) - 1;
  return at < std::size(names) ? names[at] : "unknown";
}

result<void> check(const member_record& of) {
  if (auto named = check_name("node", of.node); !named)
    return fail(membership_errc::bad_record, named.error().context);
  if (of.addresses.size() > bounds::most_addresses ||
      !std::ranges::all_of(of.addresses, is_address))
    return bad_field("addresses",
                     fmt::format("are at most {}, each HOST:PORT", bounds::most_addresses));
  if (auto fits = check_roles(of); !fits) return fits;
  if (auto fits = scheduling::make_resources(scheduling::amounts_of(of.resources)); !fits)
    return bad_field("resources", fits.error());
  if (of.node_class.size() > bounds::longest_node_class)
    return bad_field("node_class",
                     fmt::format("has more than {} bytes", bounds::longest_node_class));
  if (auto read = release_of(of.build); !read) return tl::unexpected(read.error());
  if (of.protocol.oldest == 0 || of.protocol.oldest > of.protocol.newest)
    return bad_field("protocol", "is no range of versions from 1 on");
  return check_agents(of);
}

} // namespace troupe::cluster
