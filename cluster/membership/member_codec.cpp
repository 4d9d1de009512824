#include "cluster/membership/member_codec.hpp"

#include "actors/scheduling/resources/resource_text.hpp"
#include "cluster/membership/defaults.hpp"
#include "cluster/membership/errc.hpp"

#include <fmt/format.h>
#include <google/protobuf/util/time_util.h>

namespace troupe::cluster {
namespace {

using google::protobuf::util::TimeUtil;

tl::unexpected<error> bad_message(std::string_view what) {
  return fail(membership_errc::bad_record, std::string{what});
}

static_assert(static_cast<int>(member_state::joining) == v1::MEMBER_STATE_JOINING);
static_assert(static_cast<int>(member_state::dead) == v1::MEMBER_STATE_DEAD);

google::protobuf::Timestamp to_timestamp(std::chrono::system_clock::time_point moment) {
  using std::chrono::microseconds;
  return TimeUtil::MicrosecondsToTimestamp(
      std::chrono::duration_cast<microseconds>(moment.time_since_epoch()).count());
}

/// Nothing for what is beyond the years that the type is for.
std::chrono::system_clock::time_point from_timestamp(const google::protobuf::Timestamp& from) {
  const bool is_valid = from.seconds() >= 0 && from.seconds() <= TimeUtil::kTimestampMaxSeconds &&
                        from.nanos() >= 0 && from.nanos() < 1'000'000'000;
  if (!is_valid || from.seconds() > 9'000'000'000) return {};
  return std::chrono::system_clock::time_point{std::chrono::seconds{from.seconds()} +
                                               std::chrono::microseconds{from.nanos() / 1'000}};
}

void encode_agent(const offered_agent& from, v1::OfferedAgent& into) {
  into.set_type(from.type);
  for (const auto& key : from.keys)
    into.add_keys(key);
  for (const auto& [request, reply] : from.methods) {
    auto& method = *into.add_methods();
    method.set_request(request);
    method.set_reply(reply);
  }
}

offered_agent decode_agent(const v1::OfferedAgent& from) {
  offered_agent made{from.type(), {from.keys().begin(), from.keys().end()}, {}};
  for (const auto& method : from.methods())
    made.methods.push_back({method.request(), method.reply()});
  return made;
}

/// Before anything is copied, so that a hostile message costs no more than itself.
bool is_too_large(const v1::MemberDetails& of) {
  return of.ByteSizeLong() > membership_defaults::most_details_bytes;
}

result<void> decode_resources(const std::string& text, member_record& into) {
  if (text.empty()) return {};
  const auto amounts = scheduling::parse_resources(text);
  if (!amounts) return bad_message("resources " + amounts.error());
  auto made = scheduling::make_resources(*amounts);
  if (!made) return bad_message("resources " + made.error());
  into.resources = std::move(*made);
  return {};
}

} // namespace

v1::MemberDetails encode_details(const member_record& of) {
  v1::MemberDetails made;
  for (const auto& address : of.addresses)
    made.add_addresses(address);
  for (const node_role role : of.roles)
    made.add_roles(std::string{to_string(role)});
  if (!of.resources.empty()) made.set_resources(scheduling::format_resources(of.resources));
  made.set_node_class(of.node_class);
  for (const auto& agent : of.agents)
    encode_agent(agent, *made.add_agents());
  made.set_build(of.build);
  made.set_oldest_protocol(of.protocol.oldest);
  made.set_newest_protocol(of.protocol.newest);
  return made;
}

result<void> decode_details(const v1::MemberDetails& from, member_record& into) {
  if (is_too_large(from))
    return bad_message(fmt::format("what the node says of itself has more than {} bytes",
                                   membership_defaults::most_details_bytes));
  into.addresses.assign(from.addresses().begin(), from.addresses().end());
  for (const auto& name : from.roles()) {
    const auto role = role_of(name);
    if (!role) return bad_message(role.error().context);
    into.roles.insert(*role);
  }
  if (auto read = decode_resources(from.resources(), into); !read) return read;
  into.node_class = from.node_class();
  for (const auto& agent : from.agents())
    into.agents.push_back(decode_agent(agent));
  into.build = from.build();
  into.protocol = {from.oldest_protocol(), from.newest_protocol()};
  return check(into);
}

v1::Member encode_member(const member_record& of) {
  v1::Member made;
  made.set_node(of.node);
  made.set_incarnation(of.incarnation);
  made.set_state(static_cast<v1::MemberState>(of.state));
  *made.mutable_joined_time() = to_timestamp(of.joined);
  if (!is_gone(of.state)) *made.mutable_details() = encode_details(of);
  return made;
}

result<member_state> decode_state(v1::MemberState from) {
  if (from < v1::MEMBER_STATE_JOINING || from > v1::MEMBER_STATE_DEAD)
    return bad_message(fmt::format("{} is no state of a member", static_cast<int>(from)));
  return static_cast<member_state>(from);
}

result<member_record> decode_member(const v1::Member& from) {
  member_record made;
  made.node = from.node();
  if (auto named = check_name("node", made.node); !named) return bad_message(named.error().context);
  made.incarnation = from.incarnation();
  if (made.incarnation == 0) return bad_message("a member without incarnation");
  const auto state = decode_state(from.state());
  if (!state) return tl::unexpected(state.error());
  made.state = *state;
  made.joined = from_timestamp(from.joined_time());
  if (is_gone(made.state)) return made;
  if (auto read = decode_details(from.details(), made); !read) return tl::unexpected(read.error());
  return made;
}

std::string details_bytes(const member_record& of) {
  return encode_details(of).SerializeAsString();
}

result<member_record> read_row(const workflow::member_row& from) {
  member_record made;
  made.node = from.key.node;
  made.incarnation = from.key.incarnation;
  made.state = from.state;
  made.joined = from.joined;
  if (is_gone(from.state)) return made;
  v1::MemberDetails details;
  if (from.state < member_state::joining ||
      !details.ParseFromArray(from.details.data(), static_cast<int>(from.details.size())))
    return bad_message("the row of node " + from.key.node +
                       " is not as it was written; start that node again");
  if (auto read = decode_details(details, made); !read) return tl::unexpected(read.error());
  return made;
}

} // namespace troupe::cluster
