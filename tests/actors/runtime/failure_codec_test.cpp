#include "actors/runtime/failure_codec.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

namespace {

using namespace troupe;

BOOST_AUTO_TEST_SUITE(runtime_failure_codec)

BOOST_AUTO_TEST_CASE(what_is_encoded_comes_back) {
  for (const bool retryable : {false, true}) {
    const failure reason{"files.not_found", "a/b.txt is missing; check the folder", retryable};
    const auto back = decode_failure(encode_failure(reason));
    BOOST_TEST(back.type == reason.type);
    BOOST_TEST(back.message == reason.message);
    BOOST_TEST(back.retryable == retryable);
  }
}

BOOST_AUTO_TEST_CASE(causes_are_told_in_the_message) {
  v1::Failure wire;
  wire.set_type("a.outer");
  wire.set_message("outer");
  wire.mutable_cause()->set_type("b.inner");
  wire.mutable_cause()->set_message("inner");
  BOOST_TEST(decode_failure(wire).message == "outer; caused by b.inner: inner");
  auto* last = &wire;
  for (int i = 0; i < 50; ++i) {
    last = last->mutable_cause();
    last->set_message("cause " + std::to_string(i));
  }
  const auto text = decode_failure(wire).message;
  BOOST_TEST(text.find("cause 7") != std::string::npos);
  BOOST_TEST(text.find("cause 8") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(hostile_lengths_are_cut_between_characters) {
  v1::Failure wire;
  BOOST_TEST(decode_failure(wire).type == "runtime.unknown_failure");
  std::string umlauts;
  for (int i = 0; i < 10'000; ++i)
    umlauts += "\xc3\xa4";
  wire.set_type(umlauts);
  wire.set_message("x" + umlauts);
  const auto reason = decode_failure(wire);
  BOOST_TEST(reason.type == umlauts.substr(0, 128));
  BOOST_TEST(reason.message == ("x" + umlauts).substr(0, 4'095));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
