#include "actors/runtime/defaults.hpp"
#include "actors/runtime/envelope_codec.hpp"
#include "actors/runtime/errc.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <functional>
#include <google/protobuf/unknown_field_set.h>
#include <google/protobuf/wrappers.pb.h>
#include <limits>
#include <memory>
#include <string>

namespace {

using namespace std::chrono_literals;
using namespace troupe;
using google::protobuf::StringValue;

const std::chrono::system_clock::time_point now{1'800'000'000s};

message_ptr text(std::string value) {
  auto made = std::make_shared<StringValue>();
  made->set_value(std::move(value));
  return made;
}

envelope full_request() {
  envelope made;
  made.header.message_id = message_id{0xfeedULL, 12};
  made.header.sender = {"relay", "a"};
  made.header.target = {"ner.extract", "pii"};
  made.header.deadline = now + 1234567890ns;
  made.header.priority = -3;
  made.header.granted_memory_bytes = 1 << 20;
  made.header.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  made.header.tracestate = "a=b";
  made.header.idempotency_key = "run-1/step-2";
  made.header.principal = "operator";
  made.header.privacy_labels = {"pii", "secret"};
  made.payload = text("hello");
  return made;
}

v1::Envelope wire_request() {
  return encode_envelope(full_request()).value();
}

BOOST_AUTO_TEST_SUITE(runtime_envelope_codec)

BOOST_AUTO_TEST_CASE(a_request_survives_the_wire) {
  const auto sent = full_request();
  v1::Envelope wire;
  BOOST_REQUIRE(wire.ParseFromString(encode_envelope(sent).value().SerializeAsString()));
  const auto got = decode_envelope(std::move(wire), now);
  BOOST_REQUIRE_MESSAGE(got, (got ? "" : got.error().message()));
  BOOST_TEST((got->header.message_id == sent.header.message_id));
  BOOST_TEST(got->header.correlation_id.empty());
  BOOST_TEST(got->header.sender.to_string() == "relay/a");
  BOOST_TEST(got->header.target.to_string() == "ner.extract/pii");
  BOOST_TEST((got->header.deadline == sent.header.deadline));
  BOOST_TEST(got->header.priority == -3);
  BOOST_TEST(got->header.granted_memory_bytes == 1u << 20);
  BOOST_TEST(got->header.traceparent == sent.header.traceparent);
  BOOST_TEST(got->header.tracestate == "a=b");
  BOOST_TEST(got->header.idempotency_key == "run-1/step-2");
  BOOST_TEST(got->header.principal == "operator");
  BOOST_TEST((got->header.privacy_labels == sent.header.privacy_labels));
  const auto& encoded = std::get<encoded_payload>(got->payload);
  BOOST_TEST(encoded.type_url == "type.googleapis.com/google.protobuf.StringValue");
  const auto object = decode_payload(encoded);
  BOOST_REQUIRE(object);
  BOOST_TEST(dynamic_cast<const StringValue&>(**object).value() == "hello");
  // Bytes that were never looked into go on as they came.
  BOOST_TEST(encode_envelope(*got)->SerializeAsString() ==
             encode_envelope(sent)->SerializeAsString());
}

BOOST_AUTO_TEST_CASE(a_failure_survives_the_wire) {
  envelope sent;
  sent.header.message_id = message_id{1, 2};
  sent.header.correlation_id = message_id{1, 1};
  sent.payload = failure{"files.not_found", "a.txt is missing", false};
  const auto got = decode_envelope(encode_envelope(sent).value(), now);
  BOOST_REQUIRE_MESSAGE(got, (got ? "" : got.error().message()));
  BOOST_TEST(std::get<failure>(got->payload).type == "files.not_found");
  BOOST_TEST((got->header.correlation_id == sent.header.correlation_id));
  BOOST_TEST((got->header.deadline == sent.header.deadline), "answers have no deadline");
}

BOOST_AUTO_TEST_CASE(fields_of_later_builds_pass_through) {
  auto wire = wire_request();
  auto* unknown = wire.GetReflection()->MutableUnknownFields(&wire);
  unknown->AddVarint(900, 7);
  unknown->AddLengthDelimited(901, "from the future");
  const auto bytes = wire.SerializeAsString();
  const auto got = decode_envelope(std::move(wire), now);
  BOOST_REQUIRE(got);
  BOOST_TEST(encode_envelope(*got)->SerializeAsString() == bytes);
}

BOOST_AUTO_TEST_CASE(deadlines_of_requests_are_always_finite) {
  auto wire = wire_request();
  wire.clear_deadline();
  const auto without = decode_envelope(std::move(wire), now);
  BOOST_TEST_REQUIRE(without.has_value());
  BOOST_TEST((without->header.deadline == now + runtime::defaults::request_timeout));
  wire = wire_request();
  wire.mutable_deadline()->set_seconds(7'000'000'000);
  const auto endless = decode_envelope(std::move(wire), now);
  BOOST_TEST_REQUIRE(endless.has_value());
  BOOST_TEST((endless->header.deadline == now + runtime::defaults::longest_timeout));
}

BOOST_AUTO_TEST_CASE(each_bad_field_is_named) {
  struct {
    const char* field;
    std::function<void(v1::Envelope&)> spoil;
  } const cases[] = {
      {"message_id", [](auto& w) { w.clear_message_id(); }},
      {"message_id", [](auto& w) { w.set_message_id(std::string(129, 'x')); }},
      {"correlation_id", [](auto& w) { w.set_correlation_id(std::string(129, 'x')); }},
      {"sender", [](auto& w) { w.mutable_sender()->set_key(""); }},
      {"sender", [](auto& w) { w.mutable_sender()->set_type("a/b"); }},
      {"target", [](auto& w) { w.clear_target(); }},
      {"target", [](auto& w) { w.mutable_target()->set_key(std::string(129, 'k')); }},
      {"payload_type_url", [](auto& w) { w.clear_payload_type_url(); }},
      {"payload_type_url", [](auto& w) { w.set_payload_type_url("example.org/a.B"); }},
      {"payload_type_url", [](auto& w) { w.set_payload_type_url("type.googleapis.com/"); }},
      {"payload_type_url",
       [](auto& w) { w.set_payload_type_url("type.googleapis.com/" + std::string(600, 'a')); }},
      {"payload", [](auto& w) { w.set_payload(std::string(1'025, 'x')); }},
      {"failure", [](auto& w) { w.mutable_failure()->set_type("a.b"); }},
      {"failure",
       [](auto& w) {
         w.set_correlation_id("1");
         w.mutable_failure()->set_type("a.b");
       }},
      {"deadline", [](auto& w) { w.mutable_deadline()->set_seconds(-1); }},
      {"deadline",
       [](auto& w) {
         w.mutable_deadline()->set_seconds(std::numeric_limits<std::int64_t>::max());
       }},
      {"deadline", [](auto& w) { w.mutable_deadline()->set_nanos(1'000'000'000); }},
      {"traceparent", [](auto& w) { w.set_traceparent(std::string(513, 'x')); }},
      {"tracestate", [](auto& w) { w.set_tracestate(std::string(513, 'x')); }},
      {"idempotency_key", [](auto& w) { w.set_idempotency_key(std::string(257, 'x')); }},
      {"principal", [](auto& w) { w.set_principal(std::string(257, 'x')); }},
      {"privacy_labels", [](auto& w) { w.add_privacy_labels(std::string(65, 'x')); }},
      {"privacy_labels",
       [](auto& w) {
         for (int i = 0; i < 40; ++i)
           w.add_privacy_labels("x");
       }},
      {"unknown fields",
       [](auto& w) {
         w.GetReflection()->MutableUnknownFields(&w)->AddLengthDelimited(900,
                                                                         std::string(70'000, 'x'));
       }},
  };
  envelope_limits limits;
  limits.payload = 1'024;
  for (const auto& [field, spoil] : cases) {
    auto wire = wire_request();
    spoil(wire);
    BOOST_TEST_CONTEXT(field << " in " << wire.ShortDebugString().substr(0, 300)) {
      const auto got = decode_envelope(std::move(wire), now, limits);
      BOOST_REQUIRE(!got);
      BOOST_TEST(got.error().code == runtime_errc::bad_envelope);
      BOOST_TEST(got.error().context.starts_with(field), got.error().context);
    }
  }
}

BOOST_AUTO_TEST_CASE(payloads_are_checked_when_they_are_opened) {
  BOOST_TEST(decode_payload({"type.googleapis.com/no.Such", ""}).error().code ==
             runtime_errc::unknown_payload_type);
  BOOST_TEST(decode_payload({"", ""}).error().code == runtime_errc::unknown_payload_type);
  BOOST_TEST(decode_payload({"type.googleapis.com/google.protobuf.StringValue", "\xff\xff"})
                 .error()
                 .code == runtime_errc::bad_payload);
  envelope nothing;
  nothing.payload = message_ptr{};
  BOOST_TEST(encode_envelope(nothing).error().code == runtime_errc::bad_payload);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
