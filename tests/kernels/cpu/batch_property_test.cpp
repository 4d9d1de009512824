// A text's logits do not depend on its batch mates, bit for bit: random batches against each sequence alone, for every
// precision and every set of vector instructions that the machine has. CTest runs this once per instruction set of
// oneDNN, which is chosen when the process starts.
#include "kernels/cpu/ops.hpp"
#include "kernels/cpu/probe.hpp"
#include "tests/kernels/cpu/golden_encoder.hpp"
#include "tests/kernels/cpu/vector_targets.hpp"
#include "tests/support/results.hpp"

#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cstring>
#include <hwy/targets.h>
#include <iostream>
#include <map>
#include <rapidcheck.h>

namespace {

using namespace troupe;
using bert::precision;
using test::only_target;
namespace data = boost::unit_test::data;

/// A sequence is its length and a seed for its ids: small to print and to shrink.
struct sequence {
  std::size_t length = 1;
  unsigned seed = 0;
};

std::ostream& operator<<(std::ostream& out, const sequence& one) {
  return out << one.length << " tokens of seed " << one.seed;
}

/// Sequences back to back.
struct packed {
  std::vector<std::int32_t> ids, types;
  std::vector<std::uint32_t> bounds{0};

  void add(const sequence& one, const bert::model_config& config) {
    std::uint64_t state = one.seed * 2 + 1;
    const auto below = [&state](std::size_t limit) {
      state = state * 6364136223846793005U + 1442695040888963407U;
      return static_cast<std::int32_t>((state >> 33) % limit);
    };
    for (std::size_t i = 0; i < one.length; ++i) {
      ids.push_back(below(config.vocab_size));
      types.push_back(below(config.type_vocab_size));
    }
    bounds.push_back(static_cast<std::uint32_t>(ids.size()));
  }
};

std::vector<float> logits_of(const bert::engine& engine, bert::workspace& scratch,
                             const packed& batch) {
  std::vector<float> logits(batch.ids.size() * engine.config().labels.size());
  test::must(engine.classify({batch.ids, batch.types, batch.bounds}, scratch, logits));
  return logits;
}

/// The model with odd sizes everywhere, and the one that people use.
std::shared_ptr<const bert::engine> load(const std::string& name, precision wanted) {
  const auto folder =
      name == "odd" ? test::small_encoder().model_dir() : test::source_folder() / "models" / name;
  return test::must(bert::load_engine(folder, {wanted, 1, "cpu"}));
}

/// Engines are loaded once per instruction set of oneDNN and precision; vector kernels are chosen at every call.
const bert::engine& engine_of(const std::string& name, precision wanted) {
  static std::map<std::pair<std::string, precision>, std::shared_ptr<const bert::engine>> loaded;
  auto& engine = loaded[{name, wanted}];
  if (!engine) engine = load(name, wanted);
  return *engine;
}

std::vector<precision> precisions() {
  if (cpu::probe().bf16) return {precision::fp32, precision::bf16, precision::int8};
  return {precision::fp32, precision::int8};
}

/// Half of the lengths around the sizes in which rows are multiplied, half anything.
rc::Gen<sequence> any_sequence(std::size_t longest) {
  const auto edges = rc::gen::element<std::size_t>(1, 2, 15, 16, 17, 31, 32, 33, 47, 48, 49);
  const auto lengths = rc::gen::oneOf(edges, rc::gen::inRange<std::size_t>(1, longest + 1));
  return rc::gen::build<sequence>(
      rc::gen::set(&sequence::length,
                   rc::gen::map(lengths, [longest](auto n) { return std::min(n, longest); })),
      rc::gen::set(&sequence::seed, rc::gen::inRange(0U, 1000U)));
}

bool independent(const bert::engine& engine, std::size_t longest, std::size_t most_sequences) {
  return rc::check("every sequence has the logits it has alone", [&] {
    const auto count = *rc::gen::inRange<std::size_t>(1, most_sequences + 1);
    const auto sequences = *rc::gen::container<std::vector<sequence>>(count, any_sequence(longest));
    packed all;
    for (const auto& one : sequences)
      all.add(one, engine.config());
    // Room to spare changes nothing either.
    const auto room = all.ids.size() + *rc::gen::element<std::size_t>(0, 1, 500);
    const auto scratch = test::must(engine.make_workspace(room));
    const auto together = logits_of(engine, *scratch, all);
    const std::size_t labels = engine.config().labels.size();
    for (std::size_t i = 0; i < sequences.size(); ++i) {
      packed single;
      single.add(sequences[i], engine.config());
      const auto alone = logits_of(engine, *scratch, single);
      const auto* part = together.data() + all.bounds[i] * labels;
      RC_ASSERT(std::memcmp(part, alone.data(), alone.size() * sizeof(float)) == 0);
    }
  });
}

BOOST_AUTO_TEST_SUITE(cpu_batch_property)

BOOST_DATA_TEST_CASE(odd_sizes, data::make(hwy::SupportedAndGeneratedTargets()), target) {
  const only_target scope{target};
  for (const auto wanted : precisions())
    BOOST_TEST_CONTEXT(to_string(wanted) << ", vectors " << cpu::simd_target()) {
      const auto& engine = engine_of("odd", wanted);
      BOOST_TEST(independent(engine, engine.config().max_positions, 30));
      std::cout << "odd sizes, " << engine.name() << ", vectors " << cpu::simd_target() << '\n';
    }
}

BOOST_AUTO_TEST_CASE(the_default_model) {
  for (const auto wanted : precisions())
    BOOST_TEST_CONTEXT(to_string(wanted)) {
      const auto& engine = engine_of("ner-default", wanted);
      BOOST_TEST(independent(engine, 90, 8));
      std::cout << "ner-default, " << engine.name() << '\n';
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
