#include "kernels/text/encode_batch.hpp"

#include "kernels/text/defaults.hpp"
#include "kernels/text/errors.hpp"
#include "tests/kernels/text/two_paths.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

using namespace troupe;
namespace data = boost::unit_test::data;

namespace {

const text::wordpiece_tokenizer& batch_tokenizer() {
  static const test::two_paths both{test::pieces_of(U"abcdef,."), {}};
  return both.fast;
}

} // namespace

BOOST_AUTO_TEST_SUITE(encoding_batches)

BOOST_DATA_TEST_CASE(texts_keep_their_order_on_any_number_of_threads,
                     data::make({0, 1, 2, 3, 7, 64}) * data::make({0, 1, 2, 5, 1000}), threads,
                     count) {
  std::vector<std::string> texts;
  for (int i = 0; i < count; ++i)
    texts.push_back(std::string(static_cast<std::size_t>(i % 90), 'a') + " hello fabeb, \u00E9");
  const std::vector<std::string_view> views{texts.begin(), texts.end()};
  // What is left of another batch does not matter.
  std::vector<text::encoding> encoded(7, batch_tokenizer().encode("hello world"));
  BOOST_REQUIRE(
      text::encode_batch(batch_tokenizer(), views, static_cast<std::size_t>(threads), encoded));
  BOOST_REQUIRE(encoded.size() == texts.size());
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < texts.size(); ++i)
    wrong += !test::equal(encoded[i], batch_tokenizer().encode(texts[i]));
  BOOST_TEST(wrong == 0u);
}

BOOST_AUTO_TEST_CASE(a_text_that_is_too_long_is_named) {
  // Only its size is looked at.
  const char start = 'a';
  const std::string_view texts[] = {"a", {&start, text::defaults::max_text_bytes + 1}};
  std::vector<text::encoding> out(1, batch_tokenizer().encode("hello"));
  const auto done = text::encode_batch(batch_tokenizer(), texts, 2, out);
  BOOST_REQUIRE(!done);
  BOOST_TEST((out.size() == 1 && test::equal(out[0], batch_tokenizer().encode("hello"))));
  BOOST_TEST(done.error().code == text::text_errc::too_long);
  BOOST_TEST(done.error().message().find("text 1") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
