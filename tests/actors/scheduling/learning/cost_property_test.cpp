#include "actors/scheduling/learning/cost_file.hpp"
#include "tests/support/results.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <random>
#include <rapidcheck.h>

using namespace troupe;
using namespace troupe::scheduling;

BOOST_AUTO_TEST_SUITE(scheduling_cost_properties)

namespace {

/// Run times as they are drawn: lognormal around a power of the size.
struct source {
  double scale = 1, exponent = 0, sigma = 0.3;
  std::mt19937_64 random;

  explicit source(std::uint64_t seed) : random{seed} {}
  std::uint64_t size() {
    return static_cast<std::uint64_t>(
        std::exp(std::uniform_real_distribution<double>{3, 14}(random)));
  }
  [[nodiscard]] double median(std::uint64_t bytes) const {
    return scale * std::pow(1.0 + static_cast<double>(bytes), exponent);
  }
  double draw(std::uint64_t bytes) {
    return median(bytes) * std::exp(std::normal_distribution<double>{0, sigma}(random));
  }
};

source random_source() {
  source made{*rc::gen::arbitrary<std::uint64_t>()};
  made.scale = std::pow(10.0, *rc::gen::inRange(-4, 3));
  made.exponent = *rc::gen::inRange(0, 11) / 10.0;
  // Of less the width that is assumed before anything was seen is still a part after a hundred measurements.
  made.sigma = *rc::gen::inRange(10, 80) / 100.0;
  return made;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_lognormal_source_is_found) {
  BOOST_TEST(rc::check([] {
    auto from = random_source();
    run_time_model model;
    for (int i = 0; i < 400; ++i) {
      const auto bytes = from.size();
      model.observe(from.draw(bytes), bytes);
    }
    // About a hundred measurements count: the middle is known to a few tenths of sigma.
    const std::uint64_t bytes = 20'000;
    const double off = std::abs(std::log(model.quantile(0.5, bytes) / from.median(bytes)));
    RC_ASSERT(off < 0.6 * from.sigma + 0.05);
    RC_ASSERT(std::abs(model.exponent() - from.exponent) < 0.15 * (1 + from.sigma));
    // Of fresh run times about one in twenty is beyond p95.
    int beyond = 0;
    for (int i = 0; i < 2'000; ++i) {
      const auto size = from.size();
      beyond += from.draw(size) > model.quantile(0.95, size) ? 1 : 0;
    }
    RC_ASSERT(beyond > 10);
    RC_ASSERT(beyond < 280);
    const double mean = from.median(bytes) * std::exp(from.sigma * from.sigma / 2);
    RC_ASSERT(std::abs(std::log(model.mean(bytes) / mean)) < 0.8 * from.sigma + 0.1);
  }));
}

BOOST_AUTO_TEST_CASE(a_change_is_noticed) {
  BOOST_TEST(rc::check([] {
    auto from = random_source();
    from.exponent = 0;
    run_time_model model;
    for (int i = 0; i < 500; ++i)
      model.observe(from.draw(1'000), 1'000);
    from.scale *= 10;
    for (int i = 0; i < 500; ++i)
      model.observe(from.draw(1'000), 1'000);
    RC_ASSERT(std::abs(std::log(model.quantile(0.5) / from.scale)) < 0.6 * from.sigma + 0.1);
  }));
}

BOOST_AUTO_TEST_CASE(estimates_are_finite_and_in_order) {
  BOOST_TEST(rc::check(
      [](const std::vector<std::pair<double, std::uint64_t>>& measured, std::uint64_t bytes) {
        run_time_model model;
        for (const auto& [seconds, size] : measured)
          model.observe(std::abs(seconds), size);
        if (model.known().count == 0) return;
        RC_ASSERT(is_sound(model.known()));
        double before = 0;
        for (const double p : {0.01, 0.1, 0.5, 0.9, 0.99}) {
          const double at = model.quantile(p, bytes);
          RC_ASSERT(std::isfinite(at));
          RC_ASSERT(at > before || at == 3.2e9);
          before = std::max(before, at);
        }
        RC_ASSERT(std::isfinite(model.mean(bytes)));
        RC_ASSERT(model.quantile(0.5, bytes) <= model.quantile(0.5, bytes | (1ULL << 63U)));
      }));
}

BOOST_AUTO_TEST_CASE(text_gives_the_same_book_again_or_an_error) {
  BOOST_TEST(rc::check([](const std::string& noise, std::size_t where) {
    cost_book book;
    const int keys = *rc::gen::inRange(0, 5);
    for (int i = 0; i < keys; ++i)
      book.observe({"a" + std::to_string(i), "n", *rc::gen::string<std::string>()},
                   *rc::gen::inRange(1, 1'000) / 7.0, static_cast<std::uint64_t>(i));
    const std::string text = format_costs(book);
    const auto again = test::must(parse_costs(text, "f"));
    RC_ASSERT(format_costs(again) == text);
    auto damaged = text;
    damaged.replace(where % damaged.size(), noise.size() % damaged.size(), noise);
    (void)parse_costs(damaged, "f"); // never more than an error
  }));
}

BOOST_AUTO_TEST_SUITE_END()
