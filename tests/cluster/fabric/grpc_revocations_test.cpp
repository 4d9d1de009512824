// Certificates that are taken back, end or are replaced while a node runs; and what a node needs to start.
#include "tests/cluster/fabric/certificates.hpp"
#include "tests/cluster/fabric/grpc_lab.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::cluster;
using namespace troupe::test;
using namespace std::chrono_literals;

namespace {

std::error_code code_of_end_of(grpc_listener& of) {
  const auto why = of.wait_for_end();
  return why ? why->code : std::error_code{};
}

BOOST_AUTO_TEST_SUITE(fabric_grpc_revocations)

BOOST_AUTO_TEST_CASE(a_certificate_revoked_while_nodes_run_opens_no_link_to_or_from_it) {
  grpc_lab lab;
  const auto one = lab.start_listening("one"), two = lab.start_listening("two");
  BOOST_REQUIRE(lab.authority.revoke("two", revocation_reason::key_compromise).has_value());
  const auto from = two->dial(one->address);
  BOOST_TEST(code_of_end_of(*from) == fabric_errc::not_trusted);
  BOOST_TEST(one->refused->wait_for(refusal::revoked).find("two") != std::string::npos);
  const auto to = one->dial(two->address);
  BOOST_TEST(code_of_end_of(*to) == fabric_errc::not_trusted);
  BOOST_TEST(to->wait_for_end()->message().find("revoked") != std::string::npos);
  BOOST_TEST(one->metrics->refused_for(refusal::revoked) == 2U);
  BOOST_TEST(one->metrics->links_opened == 0U);
}

BOOST_AUTO_TEST_CASE(an_open_link_ends_when_its_peer_is_revoked) {
  grpc_lab lab;
  const auto one = lab.start_listening("one"), two = lab.start("two"), three = lab.start("three");
  const auto here = two->dial(one->address), other = three->dial(one->address);
  BOOST_REQUIRE(here->wait_for_open());
  BOOST_REQUIRE(other->wait_for_open());
  BOOST_REQUIRE(lab.authority.revoke("two", revocation_reason::superseded).has_value());
  const auto began = std::chrono::steady_clock::now();
  BOOST_TEST(code_of_end_of(*here) == fabric_errc::not_trusted);
  BOOST_TEST((std::chrono::steady_clock::now() - began < 2s * time_scale));
  BOOST_TEST(here->wait_for_end()->message().find("revoked") != std::string::npos);
  BOOST_TEST(one->refused->wait_for(refusal::revoked) != "");
  other->send("still here");
  BOOST_TEST(other->wait_for_frames(1));
}

BOOST_AUTO_TEST_CASE(an_open_link_ends_when_its_peers_certificate_does) {
  grpc_lab lab;
  const auto one = lab.start_listening("one");
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  forge(lab.ca,
        {.node = "two",
         .uris = {"troupe://lab/two", "troupe:role:worker"},
         .not_before = now - 1h,
         .not_after = now + 2s * time_scale},
        lab.folder_of("two"));
  const auto two = lab.start("two");
  const auto here = two->dial(one->address);
  BOOST_REQUIRE(here->wait_for_open());
  BOOST_TEST(code_of_end_of(*here) == fabric_errc::not_trusted);
  BOOST_TEST(one->refused->wait_for(refusal::expired) != "");
}

BOOST_AUTO_TEST_CASE(a_rotated_certificate_is_taken_up_without_a_restart) {
  grpc_lab lab;
  const auto one = lab.start_listening("one"), two = lab.start("two");
  const auto old = two->dial(one->address);
  BOOST_REQUIRE(old->wait_for_open());
  const auto client = lab.issue("two", true), server = lab.issue("one", true);
  // The dialling side at once; the accepting side looks once a second.
  std::size_t links = 1;
  std::string seen;
  const auto deadline = std::chrono::steady_clock::now() + 10s * time_scale;
  while (seen != server.serial && std::chrono::steady_clock::now() < deadline) {
    const auto here = two->dial(one->address);
    if (!here->wait_for_open()) continue;
    seen = here->opened()->peer().serial;
    const auto there = one->wait_for_accepted(links++);
    BOOST_REQUIRE(there->wait_for_open());
    BOOST_TEST(there->opened()->peer().serial == client.serial);
    here->opened()->close("looked");
  }
  BOOST_TEST(seen == server.serial);
  old->send("open ones stay");
  BOOST_TEST(old->wait_for_frames(1));
}

BOOST_AUTO_TEST_CASE(a_list_of_revocations_that_is_damaged_revokes_what_it_did) {
  grpc_lab lab;
  const auto one = lab.start_listening("one"), two = lab.start("two"), three = lab.start("three");
  BOOST_REQUIRE(lab.authority.revoke("two", revocation_reason::unspecified).has_value());
  BOOST_TEST(code_of_end_of(*two->dial(one->address)) == fabric_errc::not_trusted);
  for (const auto& file : std::filesystem::directory_iterator{lab.authority.revocations_folder()})
    write_file(file.path(), "no list");
  BOOST_TEST(code_of_end_of(*two->dial(one->address)) == fabric_errc::not_trusted);
  BOOST_TEST(three->dial(one->address)->wait_for_open());
}

BOOST_AUTO_TEST_CASE(a_node_starts_only_with_what_others_will_accept) {
  grpc_lab lab;
  const auto code = [](const grpc_transport_options& options) {
    const auto made = make_grpc_transport(options);
    return made ? std::error_code{} : made.error().code;
  };
  BOOST_TEST(code(lab.options_of("one")) == fabric_errc::bad_option); // no files
  lab.issue("one");
  BOOST_TEST(code(lab.options_of("one")) == std::error_code{});
  auto options = lab.options_of("one");
  options.revocations = lab.folder.path() / "nowhere";
  BOOST_TEST(code(options) == fabric_errc::bad_option);
  options = lab.options_of("../one");
  BOOST_TEST(code(options) == fabric_errc::bad_option);
  options = lab.options_of("one");
  options.handshake = 0ms;
  BOOST_TEST(code(options) == fabric_errc::bad_option);
  BOOST_REQUIRE(lab.authority.revoke("one", revocation_reason::unspecified).has_value());
  BOOST_TEST(code(lab.options_of("one")) == fabric_errc::not_trusted);
  lab.issue("one", true);
  BOOST_TEST(code(lab.options_of("one")) == std::error_code{});
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
