#include "actors/workflow/live/snapshot_codec.hpp"

#include "actors/workflow/errors.hpp"
#include "tests/actors/workflow/live/snapshots.hpp"
#include "tests/support/results.hpp"
#include "troupe/v1/live.pb.h"

#include <boost/test/unit_test.hpp>
#include <functional>
#include <limits>

using namespace troupe;
using namespace troupe::test;
using namespace troupe::workflow;

BOOST_AUTO_TEST_SUITE(workflow_snapshot_codec)

namespace {

std::string refusal_of(const std::string& bytes) {
  const auto read = decode_snapshot(bytes);
  if (read) return "";
  BOOST_TEST((read.error().code == workflow_errc::snapshot_unreadable));
  return read.error().context;
}

/// A good one with a change.
std::string changed(const std::function<void(v1::NodeSnapshot&)>& change) {
  v1::NodeSnapshot made;
  BOOST_REQUIRE(made.ParseFromString(encode_snapshot(snapshot_of("o"))));
  change(made);
  return made.SerializeAsString();
}

} // namespace

BOOST_AUTO_TEST_CASE(what_was_encoded_is_read_as_it_was) {
  const node_snapshot before = snapshot_of("17-abc");
  BOOST_TEST((must(decode_snapshot(encode_snapshot(before))) == before));
}

BOOST_AUTO_TEST_CASE(what_is_no_snapshot_is_refused_with_the_reason) {
  using snapshot = v1::NodeSnapshot;
  const std::pair<std::string, std::string> cases[] = {
      {"nonsense", "malformed"},
      {"", "format 0"},
      {std::string(most_snapshot_bytes + 1, 'x'), "at most 262144 are read"},
      {changed([](snapshot& of) { of.set_format(2); }), "format 2, this program knows 1"},
      {changed([](snapshot& of) { of.set_owner(""); }), "no owner"},
      {changed([](snapshot& of) { of.set_host(std::string(1'000, 'h')); }), "text is too long"},
      {changed([](snapshot& of) { of.set_runs(std::numeric_limits<std::uint64_t>::max()); }),
       "number is too large"},
      {changed([](snapshot& of) { of.mutable_taken_time()->set_seconds(-1); }), "time is out of"},
      {changed([](snapshot& of) { of.mutable_began_time()->set_nanos(1'000'000'000); }),
       "time is out of"},
      {changed([](snapshot& of) { of.mutable_last_commit()->set_seconds(1'000'000'000'000); }),
       "duration is out of range"},
      {changed([](snapshot& of) {
         for (int i = 0; i < 100; ++i)
           of.add_waiting()->set_run_id("r");
       }),
       "list is too long"},
      {changed([](snapshot& of) {
         of.mutable_tenants(0)->set_weight(std::numeric_limits<double>::quiet_NaN());
       }),
       "weight is no number"},
      {changed([](snapshot& of) { of.set_policy("\xff"); }), "text is no UTF-8"}};
  for (const auto& [bytes, words] : cases)
    BOOST_TEST(refusal_of(bytes).find(words) != std::string::npos,
               words << ": " << refusal_of(bytes));
}

BOOST_AUTO_TEST_CASE(long_and_odd_texts_are_cut_and_can_be_read) {
  node_snapshot odd = snapshot_of("o");
  odd.waiting[0].detail = std::string(snapshot_bounds::text_bytes - 1, 'x') + "\xc3\xa4";
  odd.keys[0].name = "\xff\x1b[2J";
  const node_snapshot read = must(decode_snapshot(encode_snapshot(odd)));
  BOOST_TEST(read.waiting[0].detail.substr(0, snapshot_bounds::text_bytes - 1) ==
             std::string(snapshot_bounds::text_bytes - 1, 'x'));
  BOOST_TEST(read.keys[0].name == "\xef\xbf\xbd\x1b[2J"); // whoever prints it escapes it
}

BOOST_AUTO_TEST_SUITE_END()
