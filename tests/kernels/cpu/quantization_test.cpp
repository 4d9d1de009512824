// quantization.json: written and read back, damaged in every way, and what an engine makes of it.
#include "kernels/bert/quantization.hpp"

#include "kernels/bert/engine.hpp"
#include "kernels/bert/errors.hpp"
#include "kernels/bert/safetensors.hpp"
#include "kernels/cpu/probe.hpp"
#include "tests/kernels/cpu/golden_encoder.hpp"
#include "tests/support/files.hpp"
#include "tests/support/results.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

namespace {

using namespace troupe;
using bert::precision;
namespace fs = std::filesystem;

/// A model folder of one's own.
struct model_copy {
  model_copy() {
    fs::copy(test::small_encoder().model_dir(), path(),
             fs::copy_options::recursive | fs::copy_options::overwrite_existing);
  }
  [[nodiscard]] fs::path path() const { return folder.path() / "model"; }
  [[nodiscard]] std::string fingerprint() const {
    return test::must(bert::fingerprint_of(test::must(bert::checkpoint::open(path())).files()));
  }
  void write(const std::string& text) const {
    test::write_file(path() / "quantization.json", text);
  }
  test::temporary_folder folder;
};

bert::quantization some_quantization(const std::string& fingerprint) {
  bert::quantization made;
  made.fingerprint = fingerprint;
  made.kept = {{0, bert::layer_product::down}, {1, bert::layer_product::qkv}};
  made.data = "valid.txt";
  made.sentences = 12;
  made.differing_spans = 0.25;
  made.f1_loss = -0.5;
  return made;
}

std::shared_ptr<const bert::engine> load(const model_copy& model, precision wanted) {
  return test::must(bert::load_engine(model.path(), {wanted, 1, "cpu"}));
}

BOOST_AUTO_TEST_SUITE(bert_quantization)

BOOST_AUTO_TEST_CASE(names_of_products) {
  for (const auto product : bert::all_layer_products)
    for (const std::size_t layer : {0U, 7U, 11U}) {
      const bert::product_name name{layer, product};
      BOOST_TEST((bert::parse_product_name(to_string(name), 12) == name));
      BOOST_TEST(!bert::parse_product_name(to_string(name), layer));
    }
  for (const auto* wrong : {"", "layer.", "layer.x.up", "layer.0", "layer.0.", "layer.0.sideways",
                            "layer.0.up ", "layer.-1.up", "layer.99999999999999999999.up", "up"})
    BOOST_TEST(!bert::parse_product_name(wrong, 12), wrong);
}

BOOST_AUTO_TEST_CASE(comes_back_as_it_was_written) {
  const model_copy model;
  BOOST_TEST(!test::must(bert::load_quantization(model.path(), 2)).has_value());
  auto made = some_quantization(model.fingerprint());
  for (const bool labelled : {true, false}) {
    if (!labelled) made.f1_loss.reset();
    test::must(bert::save_quantization(model.path(), made));
    const auto found = test::must(bert::load_quantization(model.path(), 2));
    BOOST_REQUIRE(found.has_value());
    BOOST_TEST(found->fingerprint == made.fingerprint);
    BOOST_TEST((found->kept == made.kept));
    BOOST_TEST(found->data == made.data);
    BOOST_TEST(found->sentences == made.sentences);
    BOOST_TEST(found->differing_spans == made.differing_spans);
    BOOST_TEST((found->f1_loss == made.f1_loss));
    BOOST_TEST(!found->forced);
  }
  BOOST_TEST(!fs::exists(model.path() / "quantization.json.new"));
  BOOST_TEST(!bert::save_quantization(model.path() / "none", made));
}

BOOST_AUTO_TEST_CASE(damaged_files_are_refused) {
  const model_copy model;
  const std::string good =
      R"("fingerprint":"ab","data":"d","sentences":1,"differing_spans":0.0,"forced":false)";
  model.write("{" + good + R"(,"kept":["layer.1.up"]})");
  BOOST_TEST(test::must(bert::load_quantization(model.path(), 2)).has_value());
  for (const std::string& wrong :
       std::vector<std::string>{{},
                                std::string{"["},
                                std::string{"{}"},
                                "{" + good + "}",
                                "{" + good + R"(,"kept":"layer.1.up"})",
                                "{" + good + R"(,"kept":["layer.2.up"]})",
                                "{" + good + R"(,"kept":[1]})",
                                "{" + good + R"(,"kept":[],"kept":[]})",
                                "{" + good + R"(,"kept":[],"f1_loss":"x"})",
                                std::string(2 << 20, ' ')}) {
    model.write(wrong);
    const auto found = bert::load_quantization(model.path(), 2);
    BOOST_TEST(!found.has_value(), wrong.substr(0, 200));
    // An engine that might follow it says so, too; others do not look.
    BOOST_TEST(!bert::load_engine(model.path(), {precision::int8, 1, "cpu"}).has_value());
    BOOST_TEST(bert::load_engine(model.path(), {precision::fp32, 1, "cpu"}).has_value());
  }
}

BOOST_AUTO_TEST_CASE(vouches_for_int8) {
  const model_copy model;
  const auto machine = cpu::probe();
  auto made = some_quantization(model.fingerprint());
  test::must(bert::save_quantization(model.path(), made));
  const auto fast = machine.vnni || machine.amx ? precision::int8 : machine.automatic;
  BOOST_TEST((load(model, precision::automatic)->used_precision() == fast));
  BOOST_TEST((load(model, precision::fp32)->used_precision() == precision::fp32));
  // What was forced, or is of other weights, is no reason to trust it.
  made.forced = true;
  test::must(bert::save_quantization(model.path(), made));
  BOOST_TEST((load(model, precision::automatic)->used_precision() == machine.automatic));
  made.forced = false;
  made.fingerprint = "of another model";
  test::must(bert::save_quantization(model.path(), made));
  const auto other = load(model, precision::automatic);
  BOOST_TEST((other->used_precision() == machine.automatic));
  BOOST_REQUIRE_EQUAL(other->warnings().size(), 1U);
  BOOST_TEST(other->warnings()[0].find("other weights") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(kept_products_change_the_answers) {
  const model_copy model;
  const auto only = test::small_encoder().cases().front();
  const std::vector<std::uint32_t> bounds{0, static_cast<std::uint32_t>(only.ids.size())};
  const auto error_with = [&](std::vector<bert::product_name> kept) {
    const auto engine =
        test::must(bert::load_engine(model.path(), {precision::int8, 1, "cpu", std::move(kept)}));
    const auto scratch = test::must(engine->make_workspace(only.ids.size()));
    std::vector<float> logits(only.logits.size());
    test::must(engine->classify({only.ids, only.type_ids, bounds}, *scratch, logits));
    double sum = 0;
    for (std::size_t i = 0; i < logits.size(); ++i)
      sum += std::pow(double(logits[i]) - double(only.logits[i]), 2);
    return sum;
  };
  std::vector<bert::product_name> all;
  const auto layers = load(model, precision::fp32)->config().num_layers;
  for (std::size_t layer = 0; layer < layers; ++layer)
    for (const auto product : bert::all_layer_products)
      all.push_back({layer, product});
  const double none = error_with({}), every = error_with(all), some = error_with({all.front()});
  BOOST_TEST(every < none);
  BOOST_TEST(some != none);
  BOOST_TEST(!bert::load_engine(model.path(), {precision::int8, 1, "cpu",
                                               std::vector<bert::product_name>{
                                                   {layers, bert::layer_product::up}}})
                  .has_value());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
