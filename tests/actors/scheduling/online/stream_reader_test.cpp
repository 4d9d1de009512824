#include "actors/scheduling/errc.hpp"
#include "actors/scheduling/online/stream_reader.hpp"
#include "tests/support/results.hpp"

#include <boost/test/unit_test.hpp>

namespace troupe::scheduling {
namespace {

constexpr const char* good = R"({"format": "wfstream-1", "name": "s", "cluster": "c", "load": 0.7,
  "sigma": 0.3, "seed": 4, "workflows": [
  {"id": "w0", "instance": "a.json", "arrival": 1.5},
  {"id": "w1", "instance": "b.json", "arrival": 0}]})";

std::string changed(std::string_view from, std::string_view to) {
  std::string text = good;
  return text.replace(text.find(from), from.size(), to);
}

BOOST_AUTO_TEST_SUITE(stream_reader_test)

BOOST_AUTO_TEST_CASE(a_stream) {
  const auto is = test::must(parse_stream(good, "s.json"));
  BOOST_TEST(is.name == "s");
  BOOST_TEST(is.cluster == "c");
  BOOST_TEST(is.sigma == 0.3);
  BOOST_TEST(is.seed == 4u);
  BOOST_REQUIRE(is.workflows.size() == 2u);
  BOOST_TEST(is.workflows[0].instance == "a.json");
  BOOST_TEST(is.workflows[0].arrival_seconds == 1.5);
}

BOOST_AUTO_TEST_CASE(bad_streams_name_the_place_and_the_remedy) {
  const struct {
    std::string text;
    std::string_view says;
  } cases[] = {
      {"{", "s.json:1:2"},
      {"[]", "format is missing"},
      {changed("wfstream-1", "wfstream-2"), "format is 'wfstream-2'; it must be 'wfstream-1'"},
      {changed(R"("name": "s", )", ""), "name is missing"},
      {changed("0.7", "-1"), "load is -1; it must be from 0"},
      {changed("0.3", "\"x\""), "sigma is \"x\"; it must be a number"},
      {changed("4", "-4"), "seed is -4"},
      {changed("a.json", "../a.json"),
       "workflows[0].instance must be a file name without a folder"},
      {changed("a.json", ".."), "workflows[0].instance must be a file name"},
      {changed("w1", "w0"), "workflows[1].id stands twice"},
      {changed("1.5", "1e300"), "workflows[0].arrival is 1e+300; it must be from 0"},
      {changed("1.5", "-0.5"), "workflows[0].arrival is -0.5"},
      {R"({"format": "wfstream-1", "name": "s", "cluster": "c", "load": 1, "sigma": 0, "workflows": []})",
       "workflows has 0 entries"},
  };
  for (const auto& each : cases)
    BOOST_TEST_CONTEXT(each.text) {
      const auto refused = parse_stream(each.text, "s.json");
      BOOST_REQUIRE(!refused);
      BOOST_TEST((refused.error().code == scheduling_errc::bad_stream));
      BOOST_TEST(refused.error().message().find("s.json") != std::string::npos);
      BOOST_TEST(refused.error().message().find(each.says) != std::string::npos,
                 refused.error().message());
    }
}

BOOST_AUTO_TEST_CASE(truth_in_the_order_of_the_stream) {
  const auto stream = test::must(parse_stream(good, "s.json"));
  const auto is = test::must(parse_truth(
      R"({"format": "wftruth-1", "stream": "s", "factors": {"w1": [0.5], "w0": [2, 3]}})", "t.json",
      stream));
  BOOST_TEST(is.factors[0] == (std::vector<double>{2, 3}));
  BOOST_TEST(is.factors[1] == (std::vector<double>{0.5}));
}

BOOST_AUTO_TEST_CASE(bad_truths) {
  const auto stream = test::must(parse_stream(good, "s.json"));
  const struct {
    std::string_view text;
    std::string_view says;
  } cases[] = {
      {R"({"format": "wftruth-2"})", "format is 'wftruth-2'"},
      {R"({"format": "wftruth-1", "stream": "other"})", "give the truth of this stream"},
      {R"({"format": "wftruth-1", "stream": "s", "factors": {"w0": []}})",
       "factors.w1 is missing; it must be a list"},
      {R"({"format": "wftruth-1", "stream": "s", "factors": {"w0": [1, 0], "w1": []}})",
       "factors.w0[1] is 0; it must be from 1e-09"},
      {R"({"format": "wftruth-1", "stream": "s", "factors": {"w0": 3, "w1": []}})",
       "factors.w0 is 3; it must be a list"},
  };
  for (const auto& each : cases)
    BOOST_TEST_CONTEXT(each.text) {
      const auto refused = parse_truth(each.text, "t.json", stream);
      BOOST_REQUIRE(!refused);
      BOOST_TEST((refused.error().code == scheduling_errc::bad_truth));
      BOOST_TEST(refused.error().message().find(each.says) != std::string::npos,
                 refused.error().message());
    }
}

BOOST_AUTO_TEST_CASE(a_file_that_is_not_there) {
  const auto refused = load_stream("/nowhere/s.json");
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == scheduling_errc::unreadable_file));
}

BOOST_AUTO_TEST_CASE(drawn_truth_has_the_median_one) {
  const auto stream = test::must(parse_stream(good, "s.json"));
  const auto is = draw_truth(stream, {1, 20001}, 1);
  BOOST_TEST(is.factors[0].size() == 1u);
  auto factors = is.factors[1];
  std::sort(factors.begin(), factors.end());
  BOOST_TEST(factors[10000] == 1, boost::test_tools::tolerance(0.02));
  // One standard deviation of the logarithm.
  BOOST_TEST(factors[16826] == 1.35, boost::test_tools::tolerance(0.03));
  BOOST_TEST(is.factors == draw_truth(stream, {1, 20001}, 1).factors);
  BOOST_TEST((is.factors != draw_truth(stream, {1, 20001}, 2).factors));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::scheduling
