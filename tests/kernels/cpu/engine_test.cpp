// The CPU engine as a citizen: what it refuses, that its pieces share nothing by accident, and that a text's result is
// its own. Uses the repository's own small model, so it runs everywhere.
#include "kernels/bert/errors.hpp"
#include "kernels/cpu/defaults.hpp"
#include "kernels/cpu/probe.hpp"
#include "tests/kernels/cpu/golden_encoder.hpp"
#include "tests/support/results.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <cstring>
#include <random>
#include <thread>

namespace {

using namespace troupe;
using bert::precision;

std::shared_ptr<const bert::engine> load(const bert::engine_options& options = {}) {
  return test::must(bert::load_engine(test::small_encoder().model_dir(), options));
}

struct batch {
  std::vector<std::int32_t> ids, types;
  std::vector<std::uint32_t> bounds{0};

  /// Appends random sequences, as many tokens in all as `tokens` at least.
  void fill(std::mt19937& random, const bert::model_config& config, std::size_t tokens) {
    while (ids.size() < tokens) {
      const auto length = 1 + random() % config.max_positions;
      for (std::size_t i = 0; i < length; ++i) {
        ids.push_back(static_cast<std::int32_t>(random() % config.vocab_size));
        types.push_back(static_cast<std::int32_t>(random() % config.type_vocab_size));
      }
      bounds.push_back(static_cast<std::uint32_t>(ids.size()));
    }
  }

  /// Sequence `index` alone.
  [[nodiscard]] batch only(std::size_t index) const {
    batch one;
    const auto begin = bounds[index], end = bounds[index + 1];
    one.ids.assign(ids.begin() + begin, ids.begin() + end);
    one.types.assign(types.begin() + begin, types.begin() + end);
    one.bounds.push_back(end - begin);
    return one;
  }
};

std::vector<float> classify(const bert::engine& engine, bert::workspace& scratch, const batch& in) {
  std::vector<float> logits(in.ids.size() * engine.config().labels.size());
  test::must(engine.classify({in.ids, in.types, in.bounds}, scratch, logits));
  return logits;
}

bool same_bits(std::span<const float> a, std::span<const float> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

BOOST_AUTO_TEST_SUITE(cpu_engine)

BOOST_AUTO_TEST_CASE(probe_is_consistent) {
  const auto machine = cpu::probe();
  BOOST_TEST(machine.onednn_version.starts_with("3."));
  BOOST_TEST(!machine.matmul_isa.empty());
  BOOST_TEST(!machine.vector_isa.empty());
  BOOST_TEST(machine.processors >= 1U);
  if (machine.amx) BOOST_TEST((machine.automatic == precision::bf16));
  if (!machine.bf16) BOOST_TEST((machine.automatic == precision::fp32));
  BOOST_TEST((load()->used_precision() == machine.automatic));
}

BOOST_AUTO_TEST_CASE(bf16_is_refused_where_the_machine_has_none) {
  const auto loaded =
      bert::load_engine(test::small_encoder().model_dir(), {precision::bf16, 1, "cpu"});
  BOOST_TEST(loaded.has_value() == cpu::probe().bf16);
  if (loaded) return;
  BOOST_TEST(loaded.error().code == bert::bert_errc::unsupported);
  BOOST_TEST(loaded.error().context.find("fp32") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(absurd_options_are_refused) {
  for (const std::size_t threads : {std::size_t{0}, std::size_t{100000}})
    BOOST_TEST(
        !bert::load_engine(test::small_encoder().model_dir(), {precision::fp32, threads, "cpu"}));
  const auto engine = load();
  BOOST_TEST(!engine->make_workspace(0));
  BOOST_TEST(!engine->make_workspace(cpu::defaults::max_workspace_tokens + 1));
  BOOST_TEST(!engine->make_workspace(static_cast<std::size_t>(-1)));
}

BOOST_AUTO_TEST_CASE(the_variable_for_products_is_checked) {
  const auto name_with = [](const char* value) {
    ::setenv("TROUPE_PRODUCTS", value, 1);
    auto loaded = bert::load_engine(test::small_encoder().model_dir(), {precision::fp32, 1, "cpu"});
    ::unsetenv("TROUPE_PRODUCTS");
    return loaded ? (*loaded)->name() : loaded.error().context;
  };
  BOOST_TEST(name_with("onednn").find("oneDNN") != std::string::npos);
  for (const char* own : {"own", ""})
    BOOST_TEST(name_with(own).find("vectors") != std::string::npos);
  const auto refused = name_with("mkl");
  BOOST_TEST(refused.find("TROUPE_PRODUCTS is \"mkl\"") != std::string::npos, refused);
}

BOOST_AUTO_TEST_CASE(a_workspace_belongs_to_its_engine) {
  const auto one = load(), other = load();
  const auto scratch = test::must(one->make_workspace(64));
  const auto only = test::small_encoder().cases().front();
  std::vector<float> logits(only.logits.size());
  const std::vector<std::uint32_t> bounds{0, static_cast<std::uint32_t>(only.ids.size())};
  const auto done = other->classify({only.ids, only.type_ids, bounds}, *scratch, logits);
  BOOST_REQUIRE(!done);
  BOOST_TEST(done.error().code == bert::bert_errc::bad_batch);
}

BOOST_AUTO_TEST_CASE(results_depend_on_nothing_but_the_text) {
  // Several groups, many sizes of remainders, and a workspace that has seen other batches.
  const auto engine = load();
  std::mt19937 random{7};
  batch all;
  all.fill(random, engine->config(), 2000);
  const auto scratch = test::must(engine->make_workspace(all.ids.size()));
  const auto together = classify(*engine, *scratch, all);
  const auto labels = engine->config().labels.size();
  for (std::size_t index = 0; index + 1 < all.bounds.size(); ++index) {
    const auto alone = classify(*engine, *scratch, all.only(index));
    BOOST_TEST(
        same_bits(alone, std::span{together}.subspan(all.bounds[index] * labels, alone.size())),
        "sequence " << index << " depends on its batch");
  }
  BOOST_TEST(same_bits(classify(*engine, *scratch, all), together));
}

BOOST_AUTO_TEST_CASE(threads_that_are_brought_in_change_nothing_but_the_time) {
  const auto engine = load({.spare_threads_per_stream = 3});
  std::mt19937 random{11};
  batch in;
  in.fill(random, engine->config(), 400);
  const auto scratch = test::must(engine->make_workspace(in.ids.size()));
  const auto alone = classify(*engine, *scratch, in);
  for (const std::size_t threads : {4U, 2U, 9U, 1U, 0U, 3U}) {
    scratch->use_threads(threads);
    BOOST_TEST(same_bits(classify(*engine, *scratch, in), alone));
  }
  BOOST_TEST(!bert::load_engine(test::small_encoder().model_dir(),
                                {.spare_threads_per_stream = cpu::defaults::max_threads}));
}

BOOST_AUTO_TEST_CASE(threads_share_an_engine) {
  const auto engine = load();
  constexpr int threads = 3;
  std::vector<std::vector<float>> apart(threads), together(threads);
  const auto work = [&](int number, std::vector<float>& out) {
    std::mt19937 random{static_cast<unsigned>(number)};
    batch in;
    in.fill(random, engine->config(), 300);
    const auto scratch = test::must(engine->make_workspace(in.ids.size()));
    for (int repeat = 0; repeat < 5; ++repeat)
      out = classify(*engine, *scratch, in);
  };
  for (int number = 0; number < threads; ++number)
    work(number, apart[number]);
  std::vector<std::thread> running;
  running.reserve(threads);
  for (int number = 0; number < threads; ++number)
    running.emplace_back(work, number, std::ref(together[number]));
  for (auto& thread : running)
    thread.join();
  for (int number = 0; number < threads; ++number)
    BOOST_TEST(same_bits(apart[number], together[number]));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
