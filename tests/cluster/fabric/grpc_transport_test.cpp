// Links over real gRPC streams on the loopback device: frames, ends, and what the network does.
#include "tests/cluster/fabric/grpc_lab.hpp"
#include "tests/cluster/fabric/strangers.hpp"

#include <boost/test/unit_test.hpp>
#include <thread>

using namespace troupe;
using namespace troupe::cluster;
using namespace troupe::test;
using namespace std::chrono_literals;

namespace {

std::error_code code_of(const std::optional<error>& of) {
  return of ? of->code : std::error_code{};
}
std::string text_of(const std::optional<error>& of) {
  return of ? of->message() : "";
}

/// A port of the loopback device where nobody listens.
std::string nobody() {
  grpc_lab lab;
  auto gone = lab.start_listening("gone");
  return gone->address;
}

BOOST_AUTO_TEST_SUITE(fabric_grpc_transport)

BOOST_AUTO_TEST_CASE(frames_arrive_whole_and_in_order_both_ways_at_once) {
  grpc_lab lab;
  const auto one = lab.start_listening("one"), two = lab.start("two");
  const auto here = two->dial(one->address);
  BOOST_REQUIRE(here->wait_for_open());
  std::vector<std::string> frames;
  for (std::size_t i = 0; i < 2'000; ++i)
    frames.push_back(std::to_string(i) + std::string(i % 37 * 11, static_cast<char>('a' + i % 26)));
  frames.emplace_back();
  frames.emplace_back(transport_limits::frame_bytes, 'z');
  for (const auto& frame : frames)
    here->send(frame);
  BOOST_REQUIRE(here->wait_for_frames(frames.size()));
  const auto there = one->wait_for_accepted(0);
  BOOST_TEST((there->frames() == frames));
  BOOST_TEST((here->frames() == frames));
  BOOST_TEST(!here->misused());
  BOOST_TEST(!there->misused());
  BOOST_TEST(one->metrics->frames_received == frames.size());
  BOOST_TEST(two->metrics->frames_sent == frames.size());
}

BOOST_AUTO_TEST_CASE(each_side_knows_the_other_by_its_certificate) {
  grpc_lab lab;
  const auto first = lab.issue("one"), second = lab.issue("two");
  const auto one = lab.start_listening("one"), two = lab.start("two");
  const auto here = two->dial(one->address);
  BOOST_REQUIRE(here->wait_for_open());
  const auto there = one->wait_for_accepted(0);
  BOOST_REQUIRE(there->wait_for_open());
  BOOST_TEST((here->opened()->peer().who == first.who));
  BOOST_TEST(here->opened()->peer().serial == first.serial);
  BOOST_TEST(here->opened()->peer().address == one->address);
  BOOST_TEST((there->opened()->peer().who == second.who));
  BOOST_TEST(there->opened()->peer().serial == second.serial);
  BOOST_TEST(there->opened()->peer().address.starts_with("127.0.0.1:"));
}

BOOST_AUTO_TEST_CASE(a_host_may_have_a_name) {
  grpc_lab lab;
  const auto one = lab.start_listening("one"), two = lab.start("two");
  const auto here = two->dial("localhost" + one->address.substr(one->address.rfind(':')));
  BOOST_TEST(here->wait_for_open());
}

BOOST_AUTO_TEST_CASE(either_side_may_close) {
  grpc_lab lab;
  const auto one = lab.start_listening("one"), two = lab.start("two");
  const auto first = two->dial(one->address);
  BOOST_REQUIRE(first->wait_for_open());
  const auto there = one->wait_for_accepted(0);
  BOOST_REQUIRE(there->wait_for_open());
  there->opened()->close("enough of this");
  BOOST_TEST(code_of(first->wait_for_end()) == fabric_errc::closed);
  BOOST_TEST(text_of(first->wait_for_end()).find("enough of this") != std::string::npos);
  BOOST_TEST(code_of(there->wait_for_end()) == fabric_errc::closed);

  const auto second = two->dial(one->address);
  BOOST_REQUIRE(second->wait_for_open());
  const auto peer = one->wait_for_accepted(1);
  BOOST_REQUIRE(peer->wait_for_open());
  second->opened()->close("no more");
  second->opened()->close("no more"); // may be said again
  BOOST_TEST(code_of(second->wait_for_end()) == fabric_errc::closed);
  BOOST_TEST(code_of(peer->wait_for_end()) == fabric_errc::closed);
  second->opened()->send("nobody hears this");
  BOOST_TEST(!second->misused());
  BOOST_TEST(!peer->misused());
}

BOOST_AUTO_TEST_CASE(who_does_not_answer_is_unreachable) {
  grpc_lab lab;
  lab.issue("two");
  auto options = lab.options_of("two");
  options.handshake = 300ms;
  const auto two = grpc_lab::start(options);
  const auto lost = two->dial(nobody());
  BOOST_TEST(code_of(lost->wait_for_end()) == fabric_errc::unreachable,
             text_of(lost->wait_for_end()));
  const auto unknown = two->dial("no-such-host.invalid:1");
  BOOST_TEST(code_of(unknown->wait_for_end()) == fabric_errc::unreachable,
             text_of(unknown->wait_for_end()));
  for (const char* address :
       {"", "host", "host:", ":1", "host:99999", "::1:5", "[host]:1", "a b:1"})
    BOOST_TEST_CONTEXT(address)
  BOOST_TEST(code_of(two->dial(address)->wait_for_end()) == fabric_errc::bad_option);
}

BOOST_AUTO_TEST_CASE(an_address_that_is_taken_cannot_be_listened_at) {
  grpc_lab lab;
  const auto one = lab.start_listening("one"), two = lab.start("two");
  const auto taken = two->transport->listen(one->address, [](const link_peer&) { return nullptr; });
  BOOST_REQUIRE(!taken);
  BOOST_TEST(taken.error().code == fabric_errc::cannot_listen);
  BOOST_TEST(taken.error().message().find(one->address) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(stopping_ends_everything_while_frames_fly) {
  grpc_lab lab;
  const auto one = lab.start_listening("one"), two = lab.start("two");
  std::vector<std::shared_ptr<grpc_listener>> all;
  for (int i = 0; i < 8; ++i) {
    all.push_back(two->dial(one->address));
    for (int frame = 0; frame < 64; ++frame)
      all.back()->send(std::string(100'000, 'x'));
  }
  BOOST_REQUIRE(all.front()->wait_for_frames(3));
  all.push_back(two->dial(one->address)); // not open yet
  two->transport->stop();
  for (const auto& here : all) {
    BOOST_TEST(code_of(here->wait_for_end()) == fabric_errc::stopped,
               text_of(here->wait_for_end()));
    BOOST_TEST(!here->misused());
  }
  BOOST_TEST(code_of(two->dial(one->address)->wait_for_end()) == fabric_errc::stopped);
  two->transport->stop();
  BOOST_TEST(code_of(one->wait_for_accepted(0)->wait_for_end()) == fabric_errc::closed);
  one->transport->stop();
  BOOST_TEST(one->metrics->links == 0U);
}

BOOST_AUTO_TEST_CASE(an_end_of_the_accepting_node_is_told) {
  grpc_lab lab;
  auto one = lab.start_listening("one");
  const auto two = lab.start("two");
  const auto here = two->dial(one->address);
  BOOST_REQUIRE(here->wait_for_open());
  one.reset();
  BOOST_TEST(code_of(here->wait_for_end()) == fabric_errc::closed, text_of(here->wait_for_end()));
}

BOOST_AUTO_TEST_CASE(several_threads_carry_links_as_well) {
  grpc_lab lab;
  lab.issue("one");
  auto options = lab.options_of("one");
  options.threads = 3;
  const auto one = grpc_lab::start(options);
  grpc_lab::listen(*one);
  const auto two = lab.start("two");
  std::vector<std::shared_ptr<grpc_listener>> all;
  for (int i = 0; i < 6; ++i) {
    all.push_back(two->dial(one->address));
    for (int frame = 0; frame < 200; ++frame)
      all.back()->send(std::to_string(frame));
  }
  for (const auto& here : all) {
    BOOST_REQUIRE(here->wait_for_frames(200));
    BOOST_TEST(here->frames()[199] == "199");
    BOOST_TEST(!here->misused());
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
