#include "actors/runtime/envelope_codec.hpp"

#include <boost/test/unit_test.hpp>
#include <google/protobuf/unknown_field_set.h>
#include <rapidcheck.h>

/// Whatever a request or an answer holds, it comes out of the codec as it went in, with fields of later builds.
namespace troupe {
namespace {

const std::chrono::system_clock::time_point now{std::chrono::seconds{1'800'000'000}};

std::string word() {
  return *rc::gen::nonEmpty(
      rc::gen::container<std::string>(rc::gen::element('a', 'Z', '0', '.', '_', '-')));
}

agent_name name() {
  return {word().substr(0, 128), word().substr(0, 128)};
}

envelope_header any_header(bool answer) {
  envelope_header made;
  made.message_id = message_id{word().substr(0, 128)};
  if (answer) made.correlation_id = message_id{word().substr(0, 128)};
  made.sender = name();
  made.target = name();
  if (!answer)
    made.deadline =
        now + std::chrono::nanoseconds{*rc::gen::inRange<std::int64_t>(1, 1'000'000'000'000)};
  made.priority = *rc::gen::arbitrary<std::int32_t>();
  made.traceparent = word();
  made.tracestate = word();
  made.idempotency_key = word();
  made.principal = word();
  made.privacy_labels.assign(*rc::gen::inRange<std::size_t>(0, 5), word().substr(0, 64));
  return made;
}

envelope any_envelope() {
  const bool answer = *rc::gen::arbitrary<bool>();
  envelope made{any_header(answer), {}, {}};
  if (answer && *rc::gen::arbitrary<bool>())
    made.payload = failure{"area." + word().substr(0, 100), word(), *rc::gen::arbitrary<bool>()};
  else
    made.payload = encoded_payload{"type.googleapis.com/a.B",
                                   *rc::gen::container<std::string>(rc::gen::arbitrary<char>())};
  google::protobuf::UnknownFieldSet later;
  for (int i = *rc::gen::inRange(0, 4); i > 0; --i)
    later.AddLengthDelimited(900 + i, *rc::gen::container<std::string>(rc::gen::arbitrary<char>()));
  later.SerializeToString(&made.unknown_fields);
  return made;
}

void check_equal(const envelope& a, const envelope& b) {
  RC_ASSERT(a.header.message_id == b.header.message_id);
  RC_ASSERT(a.header.correlation_id == b.header.correlation_id);
  RC_ASSERT(a.header.sender == b.header.sender && a.header.target == b.header.target);
  RC_ASSERT(a.header.deadline == b.header.deadline && a.header.priority == b.header.priority);
  RC_ASSERT(a.header.traceparent == b.header.traceparent &&
            a.header.tracestate == b.header.tracestate);
  RC_ASSERT(a.header.idempotency_key == b.header.idempotency_key);
  RC_ASSERT(a.header.principal == b.header.principal);
  RC_ASSERT(a.header.privacy_labels == b.header.privacy_labels);
  RC_ASSERT(a.unknown_fields == b.unknown_fields);
  RC_ASSERT(a.payload.index() == b.payload.index());
  if (const auto* payload = std::get_if<encoded_payload>(&a.payload))
    RC_ASSERT(*payload == std::get<encoded_payload>(b.payload));
  if (const auto* why = std::get_if<failure>(&a.payload)) {
    const auto& other = std::get<failure>(b.payload);
    RC_ASSERT(why->type == other.type && why->message == other.message &&
              why->retryable == other.retryable);
  }
}

BOOST_AUTO_TEST_SUITE(runtime_envelope_properties)

BOOST_AUTO_TEST_CASE(any_envelope_survives_the_wire) {
  BOOST_TEST(rc::check("encode, bytes, decode", [] {
    const envelope sent = any_envelope();
    const auto wire = encode_envelope(sent);
    RC_ASSERT(wire.has_value());
    v1::Envelope parsed;
    RC_ASSERT(parsed.ParseFromString(wire->SerializeAsString()));
    const auto got = decode_envelope(std::move(parsed), now);
    if (!got) RC_FAIL(got.error().message());
    check_equal(sent, *got);
  }));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
