// What is learnt of run times: estimates, their keys, the file.
#include "actors/scheduling/errc.hpp"
#include "actors/scheduling/learning/cost_file.hpp"
#include "actors/scheduling/learning/cost_learner.hpp"
#include "actors/scheduling/resources/node_class.hpp"
#include "tests/support/files.hpp"
#include "tests/support/results.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <fmt/format.h>
#include <fstream>

using namespace troupe;
using namespace troupe::scheduling;
using troupe::test::temporary_folder;

BOOST_AUTO_TEST_SUITE(scheduling_costs)

namespace {

const cost_key read_step{"files.read", "small", "redact/read"};

cost_book measured(int times, double seconds, const cost_key& of = read_step) {
  cost_book made;
  for (int i = 0; i < times; ++i)
    made.observe(of, seconds, 1'000);
  return made;
}

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in{file};
  return {std::istreambuf_iterator<char>{in}, {}};
}

} // namespace

BOOST_AUTO_TEST_CASE(estimates_come_from_the_nearest_that_is_known) {
  auto book = measured(5, 2.0);
  const auto source = [&](const cost_key& of, std::optional<double> declared = {}) {
    return name_of(book.estimate(of, {}, declared).source);
  };
  BOOST_TEST(source(read_step) == "step");
  BOOST_TEST(source(read_step, 9.0) == "step"); // measured often enough
  BOOST_TEST(source({"files.read", "small", "other/read"}) == "agent");
  BOOST_TEST(source({"files.read", "small", "other/read"}, 9.0) == "declared");
  BOOST_TEST(source({"files.read", "large", "redact/read"}) == "other_nodes");
  BOOST_TEST(source({"files.list", "small", "redact/list"}) == "assumed");
  BOOST_TEST(book.estimate(read_step).p50_seconds == 2.0, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(book.estimate({"files.list", {}, {}}, {}, 4.0).mean_seconds == 4.0);
}

BOOST_AUTO_TEST_CASE(few_measurements_do_not_outweigh_what_is_declared) {
  const auto book = measured(2, 2.0);
  BOOST_TEST(name_of(book.estimate(read_step, {}, 9.0).source) == "declared");
  BOOST_TEST(name_of(book.estimate(read_step).source) == "step");
}

BOOST_AUTO_TEST_CASE(more_measurements_make_the_estimate_narrower) {
  const auto few = measured(1, 2.0).estimate(read_step);
  const auto many = measured(200, 2.0).estimate(read_step);
  BOOST_TEST(few.p95_seconds > many.p95_seconds);
  BOOST_TEST(many.p95_seconds < 2.3);
  BOOST_TEST(few.p95_seconds > 4.0);
}

BOOST_AUTO_TEST_CASE(run_times_follow_the_size) {
  run_time_model model;
  for (int i = 0; i < 300; ++i) {
    const std::uint64_t bytes = std::uint64_t{1'000} << (i % 8U);
    model.observe(1e-6 * static_cast<double>(bytes), bytes);
  }
  BOOST_TEST(model.exponent() == 1.0, boost::test_tools::tolerance(0.02));
  BOOST_TEST(model.quantile(0.5, 64'000) == 0.064, boost::test_tools::tolerance(0.05));
  // Far from all that was seen little is known.
  BOOST_TEST(model.quantile(0.95, 1ULL << 50U) / model.quantile(0.5, 1ULL << 50U) >
             model.quantile(0.95, 64'000) / model.quantile(0.5, 64'000));
}

BOOST_AUTO_TEST_CASE(what_is_no_time_changes_nothing) {
  run_time_model model;
  model.observe(std::nan(""), 1);
  model.observe(-1, 1);
  BOOST_TEST(model.known().count == 0u);
  model.observe(0, 1);
  model.observe(1e300, ~0ULL);
  BOOST_TEST(std::isfinite(model.mean()));
  BOOST_TEST(std::isfinite(model.quantile(0.999, ~0ULL)));
}

BOOST_AUTO_TEST_CASE(the_number_of_keys_is_bounded_and_the_oldest_go) {
  cost_book book;
  for (std::size_t i = 0; i < 3 * cost_book::most_entries; ++i)
    book.observe({"agent", "node", fmt::format("w/{}", i)}, 1, 1);
  BOOST_TEST(book.entries().size() <= cost_book::most_entries);
  const auto last = fmt::format("w/{}", 3 * cost_book::most_entries - 1);
  BOOST_TEST(book.entries().contains({"agent", "node", last}));
  BOOST_TEST(!book.entries().contains({"agent", "node", "w/0"}));
  BOOST_TEST(book.entries().contains({"agent", "node", ""})); // measured all the time
}

BOOST_AUTO_TEST_CASE(a_book_survives_its_file) {
  const temporary_folder folder;
  const auto file = folder.path() / "costs.json";
  auto book = measured(7, 0.25);
  book.observe({"a\"b", "n\xC3\xA4", ""}, 3, 5);
  BOOST_REQUIRE(update_costs(file, [&](cost_book& into) { into = book; }));
  const auto again = test::must(load_costs(file));
  BOOST_TEST(again.entries().size() == book.entries().size());
  for (const auto& [key, each] : book.entries()) {
    BOOST_REQUIRE(again.entries().contains(key));
    BOOST_TEST((again.entries().at(key).model.known() == each.model.known()));
  }
}

BOOST_AUTO_TEST_CASE(no_file_is_an_empty_book) {
  BOOST_TEST(test::must(load_costs("/no/such/file")).entries().empty());
}

namespace {

const char* const damaged[] = {
    "", "{", "[]", R"({"format":"troupe-costs-2","entries":[]})", R"({"format":"troupe-costs-1"})",
    R"({"format":"troupe-costs-1","entries":[{}]})",
    // A negative weight, an endless time, an agent that is a number.
    R"({"format":"troupe-costs-1","entries":[{"agent":"a","node_class":"","step":"","last":1,"count":1,"weight":-1,"mean_size":0,"mean_time":0,"size_size":0,"size_time":0,"time_time":0}]})",
    R"({"format":"troupe-costs-1","entries":[{"agent":"a","node_class":"","step":"","last":1,"count":1,"weight":1,"mean_size":0,"mean_time":1e9,"size_size":0,"size_time":0,"time_time":0}]})",
    R"({"format":"troupe-costs-1","entries":[{"agent":7,"node_class":"","step":"","last":1,"count":1,"weight":1,"mean_size":0,"mean_time":0,"size_size":0,"size_time":0,"time_time":0}]})"};

} // namespace

BOOST_DATA_TEST_CASE(a_damaged_file_is_named_and_ignored, boost::unit_test::data::make(damaged),
                     text) {
  const temporary_folder folder;
  const auto file = folder.path() / "costs.json";
  std::ofstream{file} << text;
  const auto read = load_costs(file);
  BOOST_REQUIRE(!read);
  BOOST_TEST(read.error().code == scheduling_errc::bad_costs);
  BOOST_TEST(read.error().message().find("costs.json") != std::string::npos);
  {
    cost_learner learner{file}; // goes on without it
    learner.observe(read_step, 2, 10);
    BOOST_TEST(name_of(learner.estimate(read_step).source) == "step");
  }
  BOOST_TEST(text_of(file.string() + ".damaged") == text);
  BOOST_TEST(test::must(load_costs(file)).entries().size() == 3u);
}

BOOST_AUTO_TEST_CASE(two_learners_on_one_file_lose_nothing) {
  const temporary_folder folder;
  const auto file = folder.path() / "costs.json";
  {
    cost_learner one{file};
    cost_learner other{file};
    for (int i = 0; i < 10; ++i) {
      one.observe({"a", "n", ""}, 1, 1);
      other.observe({"b", "n", ""}, 1, 1);
      other.observe({"a", "n", ""}, 1, 1);
    }
  }
  const auto book = test::must(load_costs(file));
  BOOST_TEST(book.entries().at({"a", "n", ""}).model.known().count == 20u);
  BOOST_TEST(book.entries().at({"b", "n", ""}).model.known().count == 10u);
}

BOOST_AUTO_TEST_CASE(a_place_that_cannot_be_written_stops_nobody) {
  cost_learner learner{"/no/such/folder/costs.json"};
  learner.observe(read_step, 2, 10);
  BOOST_TEST(learner.estimate(read_step).p50_seconds == 2.0, boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(the_processor_is_read_from_what_the_kernel_says) {
  BOOST_TEST(processor_model("processor\t: 0\nmodel name\t:  AMD  EPYC 9B14 \nflags: x\n") ==
             "AMD EPYC 9B14");
  BOOST_TEST(processor_model("model name") == "");
  BOOST_TEST(processor_model("") == "");
  BOOST_TEST(!node_class().empty());
}

BOOST_AUTO_TEST_SUITE_END()
