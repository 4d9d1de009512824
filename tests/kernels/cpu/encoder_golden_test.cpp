// The CPU engine against reference encoders: every shape and file layout, fp32 and bf16, one
// sequence at a time and all in one batch. CTest runs this again with oneDNN held down to older
// instruction sets.
#include "kernels/cpu/probe.hpp"
#include "tests/kernels/cpu/golden_encoder.hpp"
#include "tests/support/results.hpp"

#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstring>
#include <iostream>

namespace {

using namespace troupe;
using bert::precision;
namespace data = boost::unit_test::data;
namespace utf = boost::unit_test;

/// What each precision promises: the largest error of a logit, and of a hidden state where they are
/// compared.
double tolerance(precision used) {
  // fp32: PyTorch's own float32 errs by 5e-6 here. bf16: eight bits of mantissa, random weights of
  // unit gain; measured up to 0.035. int8: steps of a 255th of a row's range; measured up to 0.12.
  if (used == precision::int8) return 0.25;
  return used == precision::fp32 ? 2e-5 : 0.06;
}

struct outcome {
  std::vector<float> logits;
  std::vector<std::vector<float>> hidden;
};

/// Sequences laid end to end.
struct packed {
  std::vector<std::int32_t> ids, type_ids;
  std::vector<std::uint32_t> bounds{0};

  void add(const test::golden_case& one) {
    ids.insert(ids.end(), one.ids.begin(), one.ids.end());
    type_ids.insert(type_ids.end(), one.type_ids.begin(), one.type_ids.end());
    bounds.push_back(static_cast<std::uint32_t>(ids.size()));
  }
};

outcome run(const bert::engine& engine, bert::workspace& scratch, const packed& batch) {
  outcome out;
  out.logits.resize(batch.ids.size() * engine.config().labels.size());
  const auto width = engine.config().hidden_size;
  out.hidden.assign(engine.config().num_layers + 1, std::vector<float>(batch.ids.size() * width));
  const bert::hidden_observer observe = [&](std::size_t layer, std::size_t first, auto hidden) {
    std::copy(hidden.begin(), hidden.end(),
              out.hidden[layer].begin() + static_cast<std::ptrdiff_t>(first * width));
  };
  test::must(
      engine.classify({batch.ids, batch.type_ids, batch.bounds}, scratch, out.logits, &observe));
  return out;
}

double largest_error(const std::vector<float>& found, const std::vector<float>& expected) {
  BOOST_REQUIRE_EQUAL(found.size(), expected.size());
  double largest = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const double error = std::abs(static_cast<double>(found[i]) - expected[i]);
    // Written so that NaN counts as the largest of all.
    if (!(error <= largest)) largest = error;
  }
  return largest;
}

struct margin {
  std::size_t label;
  double gap;
};

/// The best label of a row, and how far it is ahead.
margin best(std::span<const float> row) {
  const auto top = std::max_element(row.begin(), row.end());
  double second = -1e30;
  for (auto at = row.begin(); at != row.end(); ++at)
    if (at != top) second = std::max<double>(second, *at);
  return {static_cast<std::size_t>(top - row.begin()), *top - second};
}

struct report {
  double logits = 0, hidden = 0;
  std::size_t tokens = 0, same_label = 0;
};

void compare(const outcome& found, const test::golden_case& expected, std::size_t labels,
             double allowed, report& sum) {
  sum.logits = std::max(sum.logits, largest_error(found.logits, expected.logits));
  for (std::size_t layer = 0; layer < expected.hidden.size(); ++layer)
    sum.hidden = std::max(sum.hidden, largest_error(found.hidden[layer], expected.hidden[layer]));
  for (std::size_t at = 0; at < expected.logits.size(); at += labels, ++sum.tokens) {
    const auto want = best(std::span{expected.logits}.subspan(at, labels));
    const bool same = best(std::span{found.logits}.subspan(at, labels)).label == want.label;
    sum.same_label += same;
    BOOST_TEST((same || want.gap <= 2 * allowed), expected.name << ": another label at " << at);
  }
}

/// The part of a batch's logits that belongs to one sequence must be what that sequence gives
/// alone, bit by bit.
void check_independence(const outcome& batch, const outcome& alone, std::size_t first,
                        const std::string& name) {
  const auto* part = batch.logits.data() + first;
  BOOST_TEST(std::memcmp(part, alone.logits.data(), alone.logits.size() * sizeof(float)) == 0,
             name << " depends on its batch");
}

void check(const test::golden_encoder& golden, const bert::engine& engine,
           const std::string& name) {
  const auto labels = engine.config().labels.size();
  const auto allowed = tolerance(engine.used_precision());
  packed all;
  for (const auto& one : golden.cases())
    all.add(one);
  const auto scratch = test::must(engine.make_workspace(all.ids.size()));
  const auto together = run(engine, *scratch, all);
  report sum;
  std::size_t first = 0;
  for (const auto& one : golden.cases()) {
    packed single;
    single.add(one);
    const auto alone = run(engine, *scratch, single);
    compare(alone, one, labels, allowed, sum);
    check_independence(together, alone, first, one.name);
    first += alone.logits.size();
  }
  BOOST_TEST(sum.logits <= allowed);
  BOOST_TEST(sum.hidden <= allowed * 2);
  std::cout << name << " " << engine.name() << ": logits " << sum.logits << ", hidden "
            << sum.hidden << ", same label " << sum.same_label << "/" << sum.tokens << '\n';
}

std::vector<precision> precisions() {
  if (cpu::probe().bf16) return {precision::fp32, precision::bf16, precision::int8};
  return {precision::fp32, precision::int8};
}

void check_all(const std::filesystem::path& folder, std::size_t threads) {
  const test::golden_encoder golden{folder};
  const auto name = folder.filename().string();
  for (const auto wanted : precisions()) {
    const auto engine = test::must(bert::load_engine(golden.model_dir(), {wanted, threads, "cpu"}));
    BOOST_TEST_CONTEXT(name << " " << to_string(wanted)) {
      check(golden, *engine, name);
    }
  }
}

/// One folder per shape; the layouts differ in files only.
std::vector<std::filesystem::path> shapes() {
  auto folders = test::golden_encoders();
  std::erase_if(folders, [](auto& f) { return f.parent_path().filename() == "layouts"; });
  return folders;
}

} // namespace

BOOST_AUTO_TEST_SUITE(encoder_golden)

BOOST_DATA_TEST_CASE(engine_agrees_with_the_reference, data::make(test::golden_encoders()),
                     folder) {
  check_all(folder, 1);
}

/// oneDNN on the same packed weights. Where it has no fast product for them it takes its slow reference, so only the smallest shape
/// is tried there.
BOOST_DATA_TEST_CASE(onednn_agrees_too, data::make(shapes()), folder) {
  const auto name = folder.filename().string();
  if (name != "h48" && (name != "h384_minilm" || !cpu::probe().vnni)) return;
  const test::golden_encoder golden{folder};
  for (const auto wanted : precisions())
    for (const std::size_t threads : {1U, 2U}) {
      const auto engine = test::must(bert::load_engine(
          golden.model_dir(), {wanted, threads, "cpu", {}, bert::product_library::onednn}));
      BOOST_TEST(engine->name().find("oneDNN") != std::string::npos);
      BOOST_TEST_CONTEXT(engine->name()) {
        check(golden, *engine, name);
      }
    }
}

BOOST_DATA_TEST_CASE(two_threads_agree_too, data::make(shapes()), folder) {
  check_all(folder, 2);
}

BOOST_AUTO_TEST_SUITE_END()
