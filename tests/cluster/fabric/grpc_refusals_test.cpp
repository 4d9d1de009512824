// Who gets no link, and that it is said, counted and costs little.
#include "cluster/fabric/grpc/refusal.hpp"
#include "tests/cluster/fabric/certificates.hpp"
#include "tests/cluster/fabric/freezing_proxy.hpp"
#include "tests/cluster/fabric/grpc_lab.hpp"
#include "tests/cluster/fabric/strangers.hpp"

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>
#include <sstream>
#include <thread>
#include <unistd.h>

using namespace troupe;
using namespace troupe::cluster;
using namespace troupe::test;
using namespace std::chrono_literals;

namespace {

constexpr auto bound = 10s * time_scale;

std::error_code code_of_end(grpc_listener& of) {
  const auto why = of.wait_for_end();
  return why ? why->code : std::error_code{};
}

/// What the process logs, from now on.
class log_record {
public:
  log_record() : before_{spdlog::default_logger()} {
    spdlog::set_default_logger(std::make_shared<spdlog::logger>(
        "", std::make_shared<spdlog::sinks::ostream_sink_mt>(text_)));
  }
  ~log_record() { spdlog::set_default_logger(before_); }
  log_record(const log_record&) = delete;
  /// After whoever logs has ended.
  [[nodiscard]] std::string text() const { return text_.str(); }

private:
  std::ostringstream text_;
  std::shared_ptr<spdlog::logger> before_;
};

/// With one node that listens as "one", whose log is read at the end.
struct under_attack {
  grpc_lab lab;
  log_record log;
  std::unique_ptr<grpc_node> one = lab.start_listening("one");

  void must_refuse(refusal why, const std::string& reason) {
    const auto said = one->refused->wait_for(why);
    BOOST_TEST(said.find(reason) != std::string::npos, to_string(why) << ": " << said);
    BOOST_TEST(one->metrics->refused_for(why) >= 1U);
    BOOST_TEST(one->metrics->links_opened == 0U);
    one->transport->stop();
    BOOST_TEST(log.text().find("refused 127.0.0.1:") != std::string::npos, log.text());
    BOOST_TEST(log.text().find(std::string{to_string(why)}) != std::string::npos, log.text());
  }
  void must_refuse(const tls_words& words, refusal why, const std::string& reason) {
    BOOST_TEST(speak_tls(one->address, words, bound));
    must_refuse(why, reason);
  }
  [[nodiscard]] tls_words forged(const forged_certificate& what) const {
    const auto out = lab.folder.path() / "forged";
    forge(lab.ca, what, out);
    return {.certificate = out / "two.pem", .key = out / "two.key", .says = {}};
  }
};

std::chrono::sys_seconds from_now(std::chrono::hours time) {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()) + time;
}

const std::vector<std::string> worker_two{"troupe://lab/two", "troupe:role:worker"};

std::size_t resident_bytes() {
  std::ifstream in{"/proc/self/statm"};
  std::size_t total = 0, resident = 0;
  in >> total >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

BOOST_AUTO_TEST_SUITE(fabric_grpc_refusals)

BOOST_AUTO_TEST_CASE(no_certificate) {
  under_attack test;
  test.must_refuse({}, refusal::no_certificate, "no certificate");
}

BOOST_AUTO_TEST_CASE(a_certificate_of_another_authority) {
  under_attack test;
  grpc_lab other;
  other.issue("two");
  test.must_refuse({.certificate = other.folder_of("two") / "two.pem",
                    .key = other.folder_of("two") / "two.key",
                    .says = {}},
                   refusal::wrong_authority, "issuer");
}

BOOST_AUTO_TEST_CASE(a_certificate_that_has_expired) {
  under_attack test;
  test.must_refuse(
      test.forged({.uris = worker_two, .not_before = from_now(-48h), .not_after = from_now(-24h)}),
      refusal::expired, "expired");
}

BOOST_AUTO_TEST_CASE(a_certificate_of_no_node) {
  under_attack test;
  test.must_refuse(test.forged({.uris = {"https://example.org/"},
                                .not_before = from_now(-1h),
                                .not_after = from_now(1h)}),
                   refusal::no_node, "");
}

BOOST_AUTO_TEST_CASE(a_node_of_another_cluster) {
  under_attack test;
  test.must_refuse(test.forged({.uris = {"troupe://shop/two", "troupe:role:worker"},
                                .not_before = from_now(-1h),
                                .not_after = from_now(1h)}),
                   refusal::wrong_cluster, "shop");
}

BOOST_AUTO_TEST_CASE(tcp_without_tls) {
  under_attack test;
  const tcp_stranger stranger{test.one->address};
  stranger.write("GET / HTTP/1.1\r\nHost: one\r\n\r\n");
  BOOST_TEST(stranger.ends_within(bound));
  test.must_refuse(refusal::no_handshake, "before it had a link");
}

BOOST_AUTO_TEST_CASE(tls_before_1_2) {
  under_attack test;
  test.lab.issue("two");
  const auto folder = test.lab.folder_of("two");
  test.must_refuse(
      {.certificate = folder / "two.pem", .key = folder / "two.key", .is_old = true, .says = {}},
      refusal::no_handshake, "before it had a link");
}

BOOST_AUTO_TEST_CASE(a_node_that_does_not_speak_http2) {
  under_attack test;
  test.lab.issue("two");
  const auto folder = test.lab.folder_of("two");
  test.must_refuse({.certificate = folder / "two.pem",
                    .key = folder / "two.key",
                    .asks_for_h2 = false,
                    .says = {}},
                   refusal::no_handshake, "before it had a link");
}

BOOST_AUTO_TEST_CASE(garbage_within_tls) {
  under_attack test;
  test.lab.issue("two");
  const auto folder = test.lab.folder_of("two");
  test.must_refuse({.certificate = folder / "two.pem",
                    .key = folder / "two.key",
                    .says = std::string(10'000, '\x7f')},
                   refusal::no_handshake, "before it had a link");
}

BOOST_AUTO_TEST_CASE(who_is_slow) {
  grpc_lab lab;
  lab.issue("one");
  auto options = lab.options_of("one");
  options.handshake = 200ms * time_scale;
  const auto one = grpc_lab::start(options);
  grpc_lab::listen(*one);
  const tcp_stranger silent{one->address}, begins{one->address};
  begins.write("\x16\x03\x01");
  BOOST_TEST(silent.ends_within(bound));
  BOOST_TEST(begins.ends_within(bound));
  BOOST_TEST(one->refused->wait_for(refusal::too_slow) != "");
}

BOOST_AUTO_TEST_CASE(a_flood_of_connections_is_bounded_and_nodes_still_get_in) {
  grpc_lab lab;
  lab.issue("one");
  auto options = lab.options_of("one");
  options.connections = 40;
  options.pending_connections = 16;
  const auto one = grpc_lab::start(options);
  grpc_lab::listen(*one);
  const auto two = lab.start("two");
  const auto before = resident_bytes();
  std::vector<tcp_stranger> flood;
  for (int i = 0; i < 400; ++i) {
    flood.emplace_back(one->address);
    flood.back().write("\x16\x03\x01\x02");
    BOOST_TEST_REQUIRE(one->metrics->connections <= 40U);
  }
  BOOST_TEST(one->refused->wait_for(refusal::too_many_pending) != "");
  BOOST_TEST((two->dial_until_open(one->address)->opened() != nullptr));
  for (std::size_t i = 0; i + options.connections < flood.size(); ++i)
    BOOST_TEST_CONTEXT(i) BOOST_TEST(flood[i].ends_within(bound));
  // Of a sanitizer's memory this says nothing.
  if (time_scale == 1) BOOST_TEST(resident_bytes() - before < std::size_t{24} << 20);
}

BOOST_AUTO_TEST_CASE(there_are_only_so_many_links) {
  grpc_lab lab;
  lab.issue("one");
  auto options = lab.options_of("one");
  options.connections = 2;
  const auto one = grpc_lab::start(options);
  grpc_lab::listen(*one);
  const auto two = lab.start("two");
  const auto first = two->dial(one->address), second = two->dial(one->address);
  BOOST_REQUIRE(first->wait_for_open());
  BOOST_REQUIRE(second->wait_for_open());
  const auto third = two->dial(one->address);
  BOOST_TEST(code_of_end(*third) == fabric_errc::unreachable);
  BOOST_TEST(one->refused->wait_for(refusal::too_many_connections) != "");
  // One that ends makes room.
  first->opened()->close("for another");
  BOOST_TEST((two->dial_until_open(one->address)->opened() != nullptr));
}

BOOST_AUTO_TEST_CASE(whom_the_listener_does_not_want) {
  under_attack test;
  const auto closed = test.lab.start("three"), two = test.lab.start("two");
  const auto address = must(closed->transport->listen(
      "127.0.0.1:0", [](const link_peer&) -> std::shared_ptr<link_listener> { return nullptr; }));
  const auto here = two->dial(address);
  BOOST_TEST(code_of_end(*here) == fabric_errc::not_trusted);
  BOOST_TEST(here->wait_for_end()->message().find("two") != std::string::npos);
  BOOST_TEST((here->opened() == nullptr));
  BOOST_TEST(closed->refused->wait_for(refusal::not_wanted) != "");
}

BOOST_AUTO_TEST_CASE(a_server_that_is_not_the_host) {
  grpc_lab lab;
  lab.issue("one", false, {"10.1.2.3", "one.example"});
  const auto one = lab.start_listening("one"), two = lab.start("two");
  const auto here = two->dial(one->address);
  BOOST_TEST(code_of_end(*here) == fabric_errc::not_trusted);
  BOOST_TEST(two->refused->wait_for(refusal::wrong_host).find("127.0.0.1") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_server_of_another_authority) {
  grpc_lab lab, other;
  const auto one = other.start_listening("one"), two = lab.start("two");
  const auto here = two->dial(one->address);
  BOOST_TEST(code_of_end(*here) == fabric_errc::not_trusted);
  BOOST_TEST(two->refused->wait_for(refusal::wrong_authority) != "");
  BOOST_TEST(one->metrics->links_opened == 0U);
}

BOOST_AUTO_TEST_CASE(a_server_that_is_none) {
  grpc_lab lab;
  lab.issue("two");
  auto options = lab.options_of("two");
  options.handshake = 300ms * time_scale;
  const auto two = grpc_lab::start(options);
  // Takes connections and says nothing: one that listens, with everything frozen.
  const auto one = lab.start_listening("one");
  freezing_proxy silent{one->address};
  silent.freeze();
  // Whoever gives up first says why: nobody answers, or it does not shake hands.
  const auto code = code_of_end(*two->dial(silent.address()));
  BOOST_TEST((code == fabric_errc::unreachable || code == fabric_errc::bad_peer));
}

BOOST_AUTO_TEST_CASE(a_peer_that_the_network_has_lost) {
  grpc_lab lab;
  lab.issue("one");
  lab.issue("two");
  const auto quick = [&](const std::string& node) {
    auto options = lab.options_of(node);
    options.keep_alive = 100ms * time_scale;
    options.keep_alive_answer = 200ms * time_scale;
    return grpc_lab::start(options);
  };
  const auto one = quick("one"), two = quick("two");
  grpc_lab::listen(*one);
  freezing_proxy between{one->address};
  const auto here = two->dial(between.address());
  BOOST_REQUIRE(here->wait_for_open());
  here->send("hello");
  BOOST_REQUIRE(here->wait_for_frames(1));
  between.freeze();
  BOOST_TEST(code_of_end(*here) == fabric_errc::closed);
  BOOST_TEST(code_of_end(*one->wait_for_accepted(0)) == fabric_errc::closed);
}

/// A node by its certificate, with a mind of its own: sends one frame by bare gRPC.
grpc::Status send_bare(const grpc_lab& lab, const std::string& to, const std::string& method,
                       const std::string& frame, std::chrono::milliseconds longest = bound) {
  const auto folder = lab.folder_of("two");
  grpc::experimental::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(
      std::make_shared<grpc::experimental::StaticDataCertificateProvider>(
          read_file(folder / "ca.pem"),
          std::vector<grpc::experimental::IdentityKeyCertPair>{
              {read_file(folder / "two.key"), read_file(folder / "two.pem")}}));
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  grpc::ChannelArguments arguments;
  arguments.SetMaxSendMessageSize(-1);
  grpc::GenericStub stub{
      grpc::CreateCustomChannel(to, grpc::experimental::TlsCredentials(options), arguments)};
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + longest);
  grpc::CompletionQueue queue;
  const auto stream = stub.PrepareCall(&context, method, &queue);
  const auto wait = [&] {
    void* tag = nullptr;
    bool good = false;
    return queue.Next(&tag, &good) && good;
  };
  grpc::Status status;
  stream->StartCall(nullptr);
  if (wait()) {
    const grpc::Slice slice{frame};
    stream->Write(grpc::ByteBuffer{&slice, 1}, nullptr);
    static_cast<void>(wait());
  }
  stream->Finish(&status, nullptr);
  static_cast<void>(wait());
  return status;
}

BOOST_AUTO_TEST_CASE(a_frame_that_is_too_big) {
  grpc_lab lab;
  lab.issue("two");
  const auto one = lab.start_listening("one");
  const auto status = send_bare(lab, one->address, "/troupe.v1.Fabric/Connect",
                                std::string(transport_limits::frame_bytes + 1, 'x'));
  BOOST_TEST(status.error_code() == grpc::StatusCode::INVALID_ARGUMENT, status.error_message());
  BOOST_TEST(one->refused->wait_for(refusal::frame_too_big).find("4194305") != std::string::npos);
  const auto there = one->wait_for_accepted(0);
  BOOST_TEST(code_of_end(*there) == fabric_errc::bad_peer);
  BOOST_TEST(there->frames().empty());
}

BOOST_AUTO_TEST_CASE(a_frame_without_end) {
  grpc_lab lab;
  lab.issue("two");
  const auto one = lab.start_listening("one");
  freezing_proxy between{one->address};
  between.freeze_after(3 * transport_limits::frame_bytes);
  // Most of it never arrives, and so it is not refused for its length.
  std::thread sender{[&] {
    send_bare(lab, between.address(), "/troupe.v1.Fabric/Connect",
              std::string(5 * transport_limits::frame_bytes, 'x'), 2s * time_scale);
  }};
  BOOST_TEST(one->refused->wait_for(refusal::frame_too_big).find("not at its end") !=
             std::string::npos);
  BOOST_TEST(code_of_end(*one->wait_for_accepted(0)) == fabric_errc::bad_peer);
  sender.join();
}

BOOST_AUTO_TEST_CASE(a_method_that_is_none) {
  grpc_lab lab;
  lab.issue("two");
  const auto one = lab.start_listening("one");
  const auto status = send_bare(lab, one->address, "/troupe.v1.Fabric/Open", "frame");
  BOOST_TEST(status.error_code() == grpc::StatusCode::INVALID_ARGUMENT, status.error_message());
  BOOST_TEST(one->refused->wait_for(refusal::no_handshake).find("Open") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_log_has_few_lines_of_many_refusals) {
  grpc_lab lab;
  log_record log;
  const auto one = lab.start_listening("one");
  for (int i = 0; i < 60; ++i)
    tcp_stranger{one->address}.write("garbage that is no TLS at all");
  while (one->metrics->refused_for(refusal::no_handshake) < 60 && one->refused->all().size() < 60)
    BOOST_REQUIRE(one->refused->wait_for(refusal::no_handshake) != "");
  one->transport->stop();
  const auto text = log.text();
  BOOST_TEST(std::count(text.begin(), text.end(), '\n') < 40);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
