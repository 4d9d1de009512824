// What a certificate is held against, and that it is looked at anew.
#include "cluster/pki/authority.hpp"
#include "cluster/pki/trust.hpp"
#include "tests/support/files.hpp"
#include "tests/support/results.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::cluster;

namespace {

namespace fs = std::filesystem;

struct trust_lab {
  test::temporary_folder folder;
  fs::path ca = folder.path() / "ca", out = folder.path() / "out";
  authority made = test::must(authority::init(ca, {.cluster = "lab"}));
  issued_certificate issued = test::must(made.issue({.node = "one",
                                                     .roles = {node_role::worker},
                                                     .hosts = {"10.0.0.1", "::1", "one.lab"},
                                                     .out = out}));

  [[nodiscard]] std::unique_ptr<trust> open() const {
    return test::must(trust::open(made.certificate_file(), made.revocations_folder()));
  }
  [[nodiscard]] std::string pem() const { return test::read_file(out / "one.pem"); }
};

std::error_code code_of_check(trust& by, const std::string& pem) {
  const auto checked = by.check(pem, certificate_use::client);
  return checked ? std::error_code{} : checked.error().code;
}

BOOST_AUTO_TEST_SUITE(pki_trust)

BOOST_AUTO_TEST_CASE(a_node_of_the_authority_is_trusted) {
  const trust_lab lab;
  const auto by = lab.open();
  for (const auto use : {certificate_use::client, certificate_use::server}) {
    const auto checked = by->check(lab.pem(), use);
    BOOST_REQUIRE(checked.has_value());
    BOOST_TEST((checked->who == lab.issued.who));
    BOOST_TEST(checked->serial == lab.issued.serial);
    BOOST_TEST((checked->not_after == lab.issued.not_after));
  }
}

BOOST_AUTO_TEST_CASE(others_are_not) {
  const trust_lab lab, other;
  const auto by = lab.open();
  BOOST_TEST(code_of_check(*by, other.pem()) == pki_errc::untrusted);
  // The authority is no node.
  BOOST_TEST(code_of_check(*by, test::read_file(lab.made.certificate_file())) != std::error_code{});
  BOOST_TEST(code_of_check(*by, "no certificate") == pki_errc::crypto_failed);
  BOOST_TEST(code_of_check(*by, "") == pki_errc::crypto_failed);
}

BOOST_AUTO_TEST_CASE(what_is_revoked_later_is_seen) {
  trust_lab lab;
  const auto by = lab.open();
  BOOST_TEST(code_of_check(*by, lab.pem()) == std::error_code{});
  test::must(lab.made.revoke("one", revocation_reason::unspecified));
  BOOST_TEST(code_of_check(*by, lab.pem()) == pki_errc::revoked);
  BOOST_TEST(by->is_revoked(lab.issued.serial));
  BOOST_TEST(!by->is_revoked(std::string(32, '0')));
}

BOOST_AUTO_TEST_CASE(a_list_of_another_authority_counts_for_nothing) {
  const trust_lab lab, other;
  const auto lists = lab.folder.path() / "lists";
  fs::create_directory(lists);
  BOOST_TEST(trust::open(lab.made.certificate_file(), lists).error().code == pki_errc::not_found);
  fs::copy(other.made.revocations_folder(), lists);
  const auto opened = trust::open(lab.made.certificate_file(), lists);
  BOOST_REQUIRE(!opened.has_value());
  BOOST_TEST(opened.error().code == pki_errc::not_found);
}

BOOST_AUTO_TEST_CASE(files_that_vanish_change_nothing) {
  trust_lab lab;
  const auto by = lab.open();
  test::must(lab.made.revoke("one", revocation_reason::unspecified));
  BOOST_TEST(code_of_check(*by, lab.pem()) == pki_errc::revoked);
  fs::remove_all(lab.made.revocations_folder());
  BOOST_TEST(code_of_check(*by, lab.pem()) == pki_errc::revoked);
}

BOOST_AUTO_TEST_CASE(a_certificate_is_for_its_hosts) {
  const trust_lab lab;
  for (const char* host : {"10.0.0.1", "::1", "0:0:0:0:0:0:0:1", "one.lab", "ONE.lab"})
    BOOST_TEST_CONTEXT(host) BOOST_TEST(check_host_of(lab.pem(), host).has_value());
  // Neither the common name nor part of a name.
  for (const char* host : {"10.0.0.2", "::2", "one", "lab", "a.one.lab", "", "*.lab"})
    BOOST_TEST_CONTEXT(host) BOOST_TEST(!check_host_of(lab.pem(), host).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
