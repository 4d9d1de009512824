#include "actors/workflow/durations.hpp"

#include <boost/test/unit_test.hpp>
#include <rapidcheck.h>

/// Printing and reading durations are inverse, to the nanosecond and over the whole range.
namespace troupe::workflow {
namespace {

using std::chrono::nanoseconds;

/// Few digits, or many.
nanoseconds any_duration() {
  const auto unit =
      *rc::gen::element<std::int64_t>(1, 1'000, 1'000'000, 1'000'000'000, 60'000'000'000);
  return nanoseconds{
      *rc::gen::inRange<std::int64_t>(0, nanoseconds{longest_duration}.count() / unit + 1) * unit};
}

BOOST_AUTO_TEST_SUITE(workflow_duration_properties)

BOOST_AUTO_TEST_CASE(a_printed_duration_reads_as_itself) {
  BOOST_TEST(rc::check("parse(format(x)) == x", [] {
    const auto length = any_duration();
    const auto again = parse_duration(format_duration(length));
    RC_ASSERT(again.has_value());
    RC_ASSERT(again->count() == length.count());
    RC_ASSERT(from_proto(to_proto(length)).count() == length.count());
  }));
}

BOOST_AUTO_TEST_CASE(parts_add_up) {
  BOOST_TEST(rc::check("the order of the parts does not matter", [] {
    const auto a = any_duration() / 2, b = any_duration() / 2;
    const auto sum = parse_duration(format_duration(a) + format_duration(b));
    RC_ASSERT(sum.has_value());
    RC_ASSERT(sum->count() == (a + b).count());
  }));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::workflow
