// The folder of an authority: what is written, and what happens to a folder that is not what it was.
#include "cluster/pki/authority.hpp"
#include "tests/support/files.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::cluster;

namespace {

namespace fs = std::filesystem;

struct lab {
  test::temporary_folder folder;
  fs::path ca = folder.path() / "ca", out = folder.path() / "certs";

  [[nodiscard]] authority make() const { return authority::init(ca, {.cluster = "lab"}).value(); }
  [[nodiscard]] issue_options wanted(const std::string& node) const {
    return {.node = node,
            .roles = {node_role::worker},
            .hosts = {"127.0.0.1", "::1", "localhost"},
            .out = out};
  }
};

bool is_private(const fs::path& file) {
  return (fs::status(file).permissions() & fs::perms::mask) ==
         (fs::perms::owner_read | fs::perms::owner_write);
}

template <class Value>
std::error_code code_of(const result<Value>& of) {
  return of ? std::error_code{} : of.error().code;
}

BOOST_AUTO_TEST_SUITE(pki_authority)

BOOST_AUTO_TEST_CASE(what_is_issued_is_listed_and_stays) {
  const lab here;
  auto made = here.make();
  const auto one = made.issue(here.wanted("one"));
  BOOST_REQUIRE(one.has_value());
  const auto two = made.issue(here.wanted("two"));
  BOOST_REQUIRE(two.has_value());
  BOOST_TEST(one->serial != two->serial);
  const auto again = authority::open(here.ca);
  BOOST_REQUIRE(again.has_value());
  BOOST_TEST(again->cluster() == "lab");
  BOOST_TEST((again->list().value() == std::vector<issued_certificate>{*one, *two}));
  for (const char* key : {"one.key", "two.key"})
    BOOST_TEST(is_private(here.out / key));
  BOOST_TEST(is_private(here.ca / "ca.key"));
}

BOOST_AUTO_TEST_CASE(nothing_is_overwritten_unless_it_is_said) {
  const lab here;
  auto made = here.make();
  BOOST_TEST(code_of(authority::init(here.ca, {.cluster = "lab"})) == pki_errc::exists);
  BOOST_REQUIRE(made.issue(here.wanted("one")).has_value());
  const auto key = test::read_file(here.out / "one.key");
  BOOST_TEST(code_of(made.issue(here.wanted("one"))) == pki_errc::exists);
  BOOST_TEST(test::read_file(here.out / "one.key") == key);
  auto rotated = here.wanted("one");
  rotated.replace = true;
  BOOST_REQUIRE(made.issue(rotated).has_value());
  BOOST_TEST(test::read_file(here.out / "one.key") != key);
  BOOST_TEST(made.list().value().size() == 2U);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_is_refused) {
  const lab here;
  auto made = here.make();
  BOOST_TEST(code_of(authority::init(here.folder.path() / "b", {.cluster = "B"})) ==
             pki_errc::bad_request);
  BOOST_TEST(code_of(authority::open(here.folder.path())) == pki_errc::not_found);
  const auto check = [&](auto change) {
    auto wanted = here.wanted("one");
    change(wanted);
    BOOST_TEST(code_of(made.issue(wanted)) == pki_errc::bad_request);
  };
  check([](issue_options& wanted) { wanted.node = "../one"; });
  check([](issue_options& wanted) { wanted.roles.clear(); });
  check([](issue_options& wanted) { wanted.hosts = {"a b"}; });
  check([](issue_options& wanted) { wanted.hosts = {"a,URI:troupe:role:operator"}; });
  check([](issue_options& wanted) { wanted.valid_for = std::chrono::days{0}; });
  BOOST_TEST(made.list().value().empty());
}

BOOST_AUTO_TEST_CASE(a_certificate_does_not_outlive_its_authority) {
  const lab here;
  auto made =
      authority::init(here.ca, {.cluster = "lab", .valid_for = std::chrono::days{2}}).value();
  const auto one = made.issue(here.wanted("one"));
  BOOST_REQUIRE(one.has_value());
  BOOST_TEST((one->not_after - one->not_before < std::chrono::days{3}));
}

BOOST_AUTO_TEST_CASE(revoking_is_by_node_or_number_and_may_be_said_again) {
  const lab here;
  auto made = here.make();
  const auto one = made.issue(here.wanted("one")).value();
  auto rotated = here.wanted("one");
  rotated.replace = true;
  BOOST_REQUIRE(made.issue(rotated).has_value());
  BOOST_REQUIRE(made.issue(here.wanted("two")).has_value());
  const auto first = made.revoke(one.serial, revocation_reason::superseded);
  BOOST_REQUIRE(first.has_value());
  BOOST_TEST(first->size() == 1U);
  const auto all = made.revoke("one", revocation_reason::key_compromise);
  BOOST_REQUIRE(all.has_value());
  BOOST_REQUIRE(all->size() == 2U);
  BOOST_TEST((all->front().reason == revocation_reason::superseded)); // as it was
  BOOST_TEST((all->back().reason == revocation_reason::key_compromise));
  BOOST_TEST(code_of(made.revoke("three", revocation_reason::unspecified)) == pki_errc::not_found);
  const auto listed = made.list().value();
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  BOOST_TEST(state_of(listed[0], now) == "revoked");
  BOOST_TEST(state_of(listed[2], now) == "valid");
  BOOST_TEST(state_of(listed[2], listed[2].not_after) == "expired");
}

BOOST_AUTO_TEST_CASE(a_damaged_folder_is_told_with_the_place) {
  const lab here;
  auto made = here.make();
  BOOST_REQUIRE(made.issue(here.wanted("one")).has_value());
  const auto index = here.ca / "certificates.json";
  const auto good = test::read_file(index);
  for (const std::string& bad : {std::string{}, std::string{"[]"}, std::string{"{}"},
                                 good.substr(0, good.size() / 2), std::string(100'000, '[')}) {
    test::write_file(index, bad);
    BOOST_TEST(code_of(made.list()) == pki_errc::damaged);
    BOOST_TEST(code_of(made.issue(here.wanted("two"))) == pki_errc::damaged);
  }
  auto foreign = good;
  foreign.replace(foreign.find("\"worker\""), 8, "\"root\"");
  test::write_file(index, foreign);
  const auto listed = made.list();
  BOOST_REQUIRE(!listed.has_value());
  BOOST_TEST(listed.error().context.find("certificate 1") != std::string::npos);
  test::write_file(index, good);
  const auto key = test::read_file(here.ca / "ca.key");
  test::write_file(here.ca / "ca.key", test::read_file(here.out / "one.key"));
  BOOST_TEST(code_of(made.issue(here.wanted("two"))) == pki_errc::damaged);
  test::write_file(here.ca / "ca.key", "no key");
  BOOST_TEST(code_of(made.issue(here.wanted("two"))) == pki_errc::crypto_failed);
  test::write_file(here.ca / "ca.key", key);
  BOOST_TEST(made.issue(here.wanted("two")).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
