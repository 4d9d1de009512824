// What a node says of itself: as a record, as a message, as a row; bounds; which releases fit.
#include "cluster/membership/admission.hpp"
#include "cluster/membership/defaults.hpp"
#include "cluster/membership/errc.hpp"
#include "cluster/membership/member_codec.hpp"
#include "cluster/membership/release.hpp"
#include "tests/cluster/membership/records.hpp"
#include "tests/support/results.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::cluster;
using troupe::test::must;
using troupe::test::some_member;

namespace {

namespace bounds = membership_defaults;

template <class T>
std::error_code code_of(const result<T>& of) {
  return of ? std::error_code{} : of.error().code;
}

member_record full_member() {
  auto made = some_member("worker-1");
  made.incarnation = 1'800'000'000'123;
  made.state = member_state::draining;
  made.addresses = {"10.0.0.1:7000", "[::1]:1"};
  made.roles = {node_role::worker, node_role::gateway};
  made.resources.custom = {{"license", 2}};
  made.agents.push_back({"ner", {"default", "de"}, {{"a.B", "a.C"}, {"a.D", "a.E"}}});
  made.protocol = {2, 7};
  made.joined =
      std::chrono::system_clock::time_point{std::chrono::microseconds{1'800'000'000'000'007}};
  return made;
}

BOOST_AUTO_TEST_SUITE(membership_record)

BOOST_AUTO_TEST_CASE(a_member_is_the_same_after_a_message_and_a_row) {
  const auto put = full_member();
  BOOST_TEST((must(decode_member(encode_member(put))) == put));
  const workflow::member_row row{put.key(), put.state, 9, put.joined, details_bytes(put)};
  BOOST_TEST((must(read_row(row)) == put));
  auto plain = some_member("w");
  plain.incarnation = 1;
  plain.resources = {};
  BOOST_TEST((must(decode_member(encode_member(plain))) == plain));
}

BOOST_AUTO_TEST_CASE(of_a_member_that_has_gone_only_its_name_counts) {
  auto gone = full_member();
  gone.state = member_state::dead;
  const auto message = encode_member(gone);
  BOOST_TEST(!message.has_details());
  const auto read = must(decode_member(message));
  BOOST_TEST((read.key() == gone.key()));
  BOOST_TEST((read.state == member_state::dead));
  BOOST_TEST(must(read_row({gone.key(), gone.state, 9, gone.joined, "\xff"})).node == "worker-1");
}

BOOST_AUTO_TEST_CASE(what_goes_beyond_the_bounds_is_refused) {
  const auto refuses = [](const char* what, auto change) {
    BOOST_TEST_CONTEXT(what) {
      auto record = some_member("w");
      change(record);
      BOOST_TEST(code_of(check(record)) == membership_errc::bad_record);
      record.incarnation = 1;
      BOOST_TEST(code_of(decode_member(encode_member(record))) == membership_errc::bad_record);
    }
  };
  BOOST_TEST(check(some_member("w")).has_value());
  refuses("name", [](auto& of) { of.node = "W"; });
  refuses("no role", [](auto& of) { of.roles.clear(); });
  refuses("operator", [](auto& of) { of.roles = {node_role::operator_}; });
  refuses("address", [](auto& of) { of.addresses = {"nowhere"}; });
  refuses("port", [](auto& of) { of.addresses = {"host:http"}; });
  refuses("blank", [](auto& of) { of.addresses = {"ho st:1"}; });
  refuses("addresses", [](auto& of) { of.addresses.assign(bounds::most_addresses + 1, "h:1"); });
  refuses("class", [](auto& of) { of.node_class.assign(bounds::longest_node_class + 1, 'x'); });
  refuses("build", [](auto& of) { of.build = "new"; });
  refuses("long build", [](auto& of) { of.build = "1.2.3-" + std::string(64, 'x'); });
  refuses("protocol", [](auto& of) { of.protocol = {3, 2}; });
  refuses("no protocol", [](auto& of) { of.protocol = {0, 2}; });
  refuses("agent", [](auto& of) { of.agents = {{"a b", {}, {}}}; });
  refuses("key", [](auto& of) { of.agents = {{"a", {"a/b"}, {}}}; });
  refuses("method", [](auto& of) { of.agents = {{"a", {}, {{"x", ""}}}}; });
  refuses("methods", [](auto& of) {
    of.agents = {{"a", {}, std::vector<offered_method>(bounds::most_methods + 1, {"x", "y"})}};
  });
  refuses("agents", [](auto& of) { of.agents.assign(bounds::most_agents + 1, {"a", {}, {}}); });
}

BOOST_AUTO_TEST_CASE(a_message_that_cannot_be_is_refused) {
  auto member = full_member();
  const auto refuses = [&](const char* what, auto change) {
    BOOST_TEST_CONTEXT(what) {
      auto message = encode_member(member);
      change(message);
      BOOST_TEST(code_of(decode_member(message)) == membership_errc::bad_record);
    }
  };
  refuses("state", [](auto& of) { of.set_state(static_cast<v1::MemberState>(77)); });
  refuses("no state", [](auto& of) { of.clear_state(); });
  refuses("no incarnation", [](auto& of) { of.clear_incarnation(); });
  refuses("role", [](auto& of) { of.mutable_details()->add_roles("root"); });
  refuses("resources", [](auto& of) { of.mutable_details()->set_resources("cpu=much"); });
  refuses("size", [](auto& of) {
    for (int i = 0; i < 900; ++i)
      of.mutable_details()->mutable_agents(0)->add_keys(std::string(400, 'k'));
  });
  auto odd = encode_member(member);
  odd.mutable_joined_time()->set_seconds(std::numeric_limits<std::int64_t>::max());
  BOOST_TEST((must(decode_member(odd)).joined == std::chrono::system_clock::time_point{}));
  BOOST_TEST(code_of(read_row({member.key(), member.state, 1, {}, "\xff\xff"})) ==
             membership_errc::bad_record);
}

BOOST_AUTO_TEST_CASE(releases_are_read_or_refused) {
  BOOST_TEST((must(release_of("1.22.333")) == release{1, 22, 333}));
  BOOST_TEST((must(release_of("0.1.0-rc.1+linux")) == release{0, 1, 0}));
  for (const char* bad :
       {"", "1", "1.2", "1.2.", "1.2.3.4", "a.b.c", "1.2.3x", "1.2.3- x", "1234567.0.0", "-1.2.3"})
    BOOST_TEST(code_of(release_of(bad)) == membership_errc::bad_record, bad);
}

BOOST_AUTO_TEST_CASE(releases_that_are_near_fit) {
  const auto fits = [](const char* ours, const char* theirs, protocol_range our_range = {},
                       protocol_range their_range = {}) {
    auto a = some_member("a"), b = some_member("b");
    a.build = ours;
    b.build = theirs;
    a.protocol = our_range;
    b.protocol = their_range;
    const auto one = check_compatible(a, b), other = check_compatible(b, a);
    BOOST_TEST(one.has_value() == other.has_value());
    if (!one) BOOST_TEST(one.error().code == membership_errc::incompatible);
    return one.has_value();
  };
  BOOST_TEST(fits("0.1.0", "0.1.7"));
  BOOST_TEST(fits("0.1.0", "0.2.0"));
  BOOST_TEST(!fits("0.1.0", "0.3.0"));
  BOOST_TEST(!fits("0.9.0", "1.0.0"));
  BOOST_TEST(fits("1.0.0", "1.9.0"));
  BOOST_TEST(!fits("1.0.0", "2.0.0"));
  BOOST_TEST(fits("1.0.0", "1.0.0", {1, 3}, {3, 5}));
  BOOST_TEST(!fits("1.0.0", "1.0.0", {1, 2}, {3, 5}));
}

BOOST_AUTO_TEST_CASE(who_is_not_who_it_says_or_lacks_the_role_is_not_let_in) {
  const auto ours = some_member("c", node_role::coordinator);
  const roles_of_principal roles = [](const std::string& principal) {
    using answer = std::optional<std::set<node_role>>;
    return principal == "stranger" ? answer{} : answer{{node_role::worker}};
  };
  BOOST_TEST(admit("w", some_member("w"), ours, roles).has_value());
  BOOST_TEST(code_of(admit("v", some_member("w"), ours, roles)) == membership_errc::not_trusted);
  BOOST_TEST(code_of(admit("", some_member("w"), ours, roles)) == membership_errc::not_trusted);
  BOOST_TEST(code_of(admit("stranger", some_member("stranger"), ours, roles)) ==
             membership_errc::not_trusted);
  const auto greedy = admit("w", some_member("w", node_role::coordinator), ours, roles);
  BOOST_TEST(code_of(greedy) == membership_errc::not_trusted);
  BOOST_TEST(greedy.error().context.find("role coordinator") != std::string::npos);
  auto old = some_member("w");
  old.build = "3.0.0";
  const auto refused = admit("w", old, ours, roles);
  BOOST_TEST(code_of(refused) == membership_errc::incompatible);
  BOOST_TEST(to_failure(refused.error()).type == "cluster.incompatible");
  BOOST_TEST(!to_failure(refused.error()).retryable);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
