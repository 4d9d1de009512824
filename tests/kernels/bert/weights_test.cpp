// Model folders: shards, names, and what is said when a tensor is not as config.json promises.
#include "kernels/bert/errors.hpp"
#include "kernels/bert/weights.hpp"
#include "tests/kernels/bert/small_model.hpp"
#include "tests/support/files.hpp"
#include "tests/support/results.hpp"

#include <boost/test/unit_test.hpp>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>

namespace {

using namespace troupe;
using nlohmann::ordered_json;

using test::file_of;
using test::shapes;
using test::small_config;
using test::small_shapes;

/// Loads everything; the first error if there is one.
result<void> load_all(const std::filesystem::path& folder) {
  auto reader = bert::weight_reader::open(folder, small_config());
  if (!reader) return tl::unexpected(reader.error());
  if (auto part = reader->embeddings(); !part) return tl::unexpected(part.error());
  if (auto part = reader->layer(0); !part) return tl::unexpected(part.error());
  if (auto part = reader->classifier(); !part) return tl::unexpected(part.error());
  return {};
}

struct in_folder {
  test::temporary_folder folder;

  void write(const std::string& name, const std::string& bytes) const {
    test::write_file(folder.path() / name, bytes);
  }
  [[nodiscard]] std::string refusal(bert::bert_errc code) const {
    const auto loaded = load_all(folder.path());
    BOOST_REQUIRE(!loaded);
    BOOST_TEST(loaded.error().code == code);
    return loaded.error().context;
  }
};

bool mentions(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

BOOST_FIXTURE_TEST_SUITE(bert_weights, in_folder)

BOOST_AUTO_TEST_CASE(parts_are_put_together) {
  write("model.safetensors", file_of(small_shapes()));
  auto reader = test::must(bert::weight_reader::open(folder.path(), small_config()));
  const auto layer = test::must(reader.layer(0));
  BOOST_REQUIRE(layer.qkv.weight.size() == 48U);
  BOOST_REQUIRE(layer.qkv.bias.size() == 12U);
  // Names sort as key, query, value; the rows must come as query, key, value.
  const float key = layer.qkv.weight[16], query = layer.qkv.weight[0];
  BOOST_TEST(query == key + 2);
  BOOST_TEST(layer.qkv.weight[32] == query + 2);
  BOOST_TEST(layer.down.weight.size() == 24U);
  BOOST_TEST(layer.output_norm.gamma[0] == layer.output_norm.beta[0] + 1);
}

BOOST_AUTO_TEST_CASE(every_missing_tensor_is_named) {
  for (const auto& [name, shape] : small_shapes()) {
    auto rest = small_shapes();
    rest.erase(name);
    write("model.safetensors", file_of(rest));
    const auto said = refusal(bert::bert_errc::bad_weights);
    BOOST_TEST(mentions(said, name), said << " does not name " << name);
  }
}

BOOST_AUTO_TEST_CASE(a_wrong_shape_is_shown_with_the_right_one) {
  for (const auto& [name, shape] : small_shapes()) {
    auto changed = small_shapes();
    changed[name] = {7, 2, 1};
    write("model.safetensors", file_of(changed));
    const auto said = refusal(bert::bert_errc::bad_weights);
    BOOST_TEST(mentions(said, name), said);
    BOOST_TEST(mentions(said, "[7, 2, 1]"), said);
    BOOST_TEST(mentions(said, "[" + std::to_string(shape[0])), said);
  }
}

BOOST_AUTO_TEST_CASE(transposed_matrices_are_not_accepted) {
  auto changed = small_shapes();
  changed["encoder.layer.0.intermediate.dense.weight"] = {4, 6};
  write("model.safetensors", file_of(changed));
  BOOST_TEST(mentions(refusal(bert::bert_errc::bad_weights), "[4, 6]"));
}

BOOST_AUTO_TEST_CASE(old_names_and_prefixes_are_known) {
  shapes renamed;
  for (const auto& [plain, shape] : small_shapes()) {
    auto name = plain;
    if (const auto at = name.find("LayerNorm.weight"); at != std::string::npos)
      name = name.substr(0, at) + "LayerNorm.gamma";
    if (const auto at = name.find("LayerNorm.bias"); at != std::string::npos)
      name = name.substr(0, at) + "LayerNorm.beta";
    renamed[name.starts_with("classifier") ? name : "bert." + name] = shape;
  }
  write("model.safetensors", file_of(renamed));
  test::must(load_all(folder.path()));
}

void write_shards(const in_folder& to, const std::string& second_name) {
  shapes first = small_shapes(), second;
  second["classifier.bias"] = first["classifier.bias"];
  first.erase("classifier.bias");
  ordered_json index;
  for (const auto& [name, shape] : first)
    index["weight_map"][name] = "one.safetensors";
  index["weight_map"]["classifier.bias"] = second_name;
  to.write("one.safetensors", file_of(first));
  to.write("two.safetensors", file_of(second));
  to.write("model.safetensors.index.json", index.dump());
}

BOOST_AUTO_TEST_CASE(shards_are_joined) {
  write_shards(*this, "two.safetensors");
  test::must(load_all(folder.path()));
}

BOOST_AUTO_TEST_CASE(an_index_must_stay_in_its_folder) {
  for (const char* name :
       {"../two.safetensors", "/etc/passwd", "sub/two.safetensors", "..", ".", "", "a\\b"}) {
    write_shards(*this, name);
    BOOST_TEST(mentions(refusal(bert::bert_errc::bad_safetensors), "classifier.bias"), name);
  }
  write_shards(*this, std::string{"two.safetensors\0x", 17});
  BOOST_TEST(mentions(refusal(bert::bert_errc::bad_safetensors), "classifier.bias"));
}

BOOST_AUTO_TEST_CASE(an_index_must_keep_its_promises) {
  write_shards(*this, "one.safetensors");
  BOOST_TEST(mentions(refusal(bert::bert_errc::bad_safetensors), "classifier.bias"));
  write_shards(*this, "three.safetensors");
  BOOST_TEST(mentions(refusal(bert::bert_errc::unreadable_file), "three.safetensors"));
  for (const char* text : {"", "[]", "{}", R"({"weight_map": {}})", R"({"weight_map": []})",
                           R"({"weight_map": {"a": 1}})",
                           R"({"weight_map": {"a": "one.safetensors", "a": "two.safetensors"}})"}) {
    write("model.safetensors.index.json", text);
    BOOST_TEST(!refusal(bert::bert_errc::bad_safetensors).empty());
  }
}

BOOST_AUTO_TEST_CASE(a_deep_index_does_not_end_the_program) {
  constexpr std::size_t depth = 1'000'000;
  const auto deep = std::string(depth, '[') + std::string(depth, ']');
  write("model.safetensors.index.json", "{\"weight_map\": {\"a\": " + deep + "}}");
  BOOST_TEST(mentions(refusal(bert::bert_errc::bad_safetensors), "not in array"));
}

BOOST_AUTO_TEST_CASE(an_empty_folder_is_refused) {
  BOOST_TEST(mentions(refusal(bert::bert_errc::unreadable_file), "model.safetensors"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
