#include "cluster/pki/errc.hpp"
#include "cluster/pki/identity.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::cluster;

namespace {

std::error_code refused(const std::vector<std::string>& uris) {
  const auto read = identity_of(uris);
  return read ? std::error_code{} : read.error().code;
}

BOOST_AUTO_TEST_SUITE(pki_identity)

BOOST_AUTO_TEST_CASE(what_a_certificate_says_is_what_was_put_into_it) {
  const node_identity who{"lab", "worker-1", {node_role::worker, node_role::gateway}};
  auto uris = to_uris(who);
  BOOST_TEST(uris == (std::vector<std::string>{"troupe://lab/worker-1", "troupe:role:worker",
                                               "troupe:role:gateway"}),
             boost::test_tools::per_element());
  // What others put into it means nothing here.
  uris.emplace_back("spiffe://elsewhere/worker-2");
  uris.emplace_back("https://example.org/troupe:role:operator");
  const auto read = identity_of(uris);
  BOOST_REQUIRE(read.has_value());
  BOOST_TEST((*read == who));
}

BOOST_AUTO_TEST_CASE(every_role_has_a_name) {
  for (const auto role :
       {node_role::coordinator, node_role::worker, node_role::gateway, node_role::operator_}) {
    const auto found = role_of(to_string(role));
    BOOST_REQUIRE(found.has_value());
    BOOST_TEST((*found == role));
  }
  BOOST_TEST(!role_of("root").has_value());
}

BOOST_AUTO_TEST_CASE(an_identity_that_is_not_clear_is_refused) {
  const std::error_code bad = pki_errc::bad_request;
  BOOST_TEST(refused({}) == bad);
  BOOST_TEST(refused({"troupe:role:worker"}) == bad);
  BOOST_TEST(refused({"troupe://lab/a"}) == bad);
  BOOST_TEST(refused({"troupe://lab/a", "troupe:role:root"}) == bad);
  BOOST_TEST(refused({"troupe://lab/a", "troupe://lab/b", "troupe:role:worker"}) == bad);
  for (const char* uri :
       {"troupe://", "troupe://lab", "troupe://lab/", "troupe:///a", "troupe://lab/a/b",
        "troupe://lab/A", "troupe://l b/a", "troupe://lab/a\n"})
    BOOST_TEST(refused({uri, "troupe:role:worker"}) == bad);
}

BOOST_AUTO_TEST_CASE(names_are_dns_labels) {
  for (const std::string& name : {std::string{"a"}, std::string{"node-7"}, std::string(63, 'x')})
    BOOST_TEST(check_name("node", name).has_value());
  for (const std::string& name :
       {std::string{}, std::string{"-a"}, std::string{"a-"}, std::string{"a_b"}, std::string{"a.b"},
        std::string(64, 'x'), std::string{"a\0b", 3}})
    BOOST_TEST(!check_name("node", name).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
