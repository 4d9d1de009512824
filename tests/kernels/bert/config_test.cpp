#include "kernels/bert/config.hpp"
#include "kernels/bert/errors.hpp"
#include "tests/support/files.hpp"
#include "tests/support/results.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

namespace {

using namespace troupe;
using nlohmann::json;

json sound() {
  return {{"model_type", "bert"},
          {"vocab_size", 100},
          {"hidden_size", 24},
          {"num_attention_heads", 3},
          {"num_hidden_layers", 2},
          {"intermediate_size", 50},
          {"id2label", {{"0", "O"}, {"1", "B-X"}}}};
}

struct bad_field {
  const char* key;
  json value;
};

const bad_field bad_fields[] = {
    {"vocab_size", 0},
    {"vocab_size", -5},
    {"vocab_size", 1.5},
    {"vocab_size", "100"},
    {"vocab_size", 1e300},
    {"vocab_size", 18446744073709551615U},
    {"hidden_size", 1000000},
    {"num_attention_heads", 5},
    {"num_attention_heads", 48},
    {"num_hidden_layers", 100000},
    {"intermediate_size", json::array()},
    {"max_position_embeddings", 4294967296},
    {"type_vocab_size", true},
    {"layer_norm_eps", 0},
    {"layer_norm_eps", -1e-5},
    {"layer_norm_eps", 1},
    {"layer_norm_eps", "1e-5"},
    {"hidden_act", "relu"},
    {"hidden_act", 7},
    {"position_embedding_type", "relative_key"},
    {"model_type", "roberta"},
    {"architectures", {"BertForSequenceClassification"}},
    {"architectures", "BertForTokenClassification"},
    {"is_decoder", true},
    {"add_cross_attention", 1},
    {"quantization_config", json::object()},
    {"token_types", "sentence"},
    {"id2label", json::object()},
    {"id2label", {"O", "B-X"}},
    {"id2label", {{"0", "O"}, {"2", "B-X"}}},
    {"id2label", {{"0", "O"}, {"01", "B-X"}}},
    {"id2label", {{"0", "O"}, {"1", ""}}},
    {"id2label", {{"0", "O"}, {"1", 3}}},
    {"id2label", {{"0", std::string(300, 'x')}}},
    {"num_labels", 3},
    {"num_labels", 0},
};

BOOST_AUTO_TEST_SUITE(bert_config)

BOOST_AUTO_TEST_CASE(every_bad_field_is_named) {
  for (const auto& [key, value] : bad_fields) {
    BOOST_TEST_CONTEXT(key << " = " << value.dump().substr(0, 60)) {
      auto root = sound();
      root[key] = value;
      const auto parsed = bert::parse_config(root.dump(), "some/config.json");
      BOOST_REQUIRE(!parsed);
      BOOST_TEST(parsed.error().code == bert::bert_errc::bad_config);
      BOOST_TEST(parsed.error().context.find("some/config.json") != std::string::npos);
      BOOST_TEST_INFO(parsed.error().context);
      BOOST_TEST(parsed.error().context.find(key) != std::string::npos);
      BOOST_TEST(parsed.error().context.size() < 300U);
    }
  }
}

BOOST_AUTO_TEST_CASE(what_is_not_an_object_is_refused) {
  for (const char* text : {"", "{", "[]", "null", "{\"vocab_size\": }", "\xff\xfe"}) {
    const auto parsed = bert::parse_config(text, "c");
    BOOST_REQUIRE(!parsed);
    BOOST_TEST(parsed.error().code == bert::bert_errc::bad_config);
  }
  BOOST_TEST(!bert::parse_config(std::string(1000000, '['), "c"));
}

BOOST_AUTO_TEST_CASE(depth_does_not_end_the_program) {
  constexpr std::size_t depth = 1'000'000;
  const auto deep = std::string(depth, '[') + std::string(depth, ']');
  for (const char* key : {"vocab_size", "hidden_act", "architectures", "id2label"}) {
    const auto parsed = bert::parse_config("{\"" + std::string{key} + "\": " + deep + "}", "c");
    BOOST_REQUIRE(!parsed);
    BOOST_TEST(parsed.error().context.find(key) != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(given_fields_are_taken) {
  auto root = sound();
  root["hidden_act"] = "gelu_new";
  root["max_position_embeddings"] = 77;
  root["type_vocab_size"] = 4;
  root["layer_norm_eps"] = 1e-5;
  root["token_types"] = "word_shape";
  const auto config = test::must(bert::parse_config(root.dump(), "c"));
  BOOST_TEST(config.vocab_size == 100U);
  BOOST_TEST(config.hidden_size == 24U);
  BOOST_TEST(config.num_heads == 3U);
  BOOST_TEST(config.head_dim() == 8U);
  BOOST_TEST(config.num_layers == 2U);
  BOOST_TEST(config.intermediate_size == 50U);
  BOOST_TEST(config.max_positions == 77U);
  BOOST_TEST(config.type_vocab_size == 4U);
  BOOST_TEST(config.layer_norm_eps == 1e-5F);
  BOOST_TEST((config.hidden_activation == bert::activation::gelu_new));
  BOOST_TEST(config.word_shape_types);
  BOOST_TEST(config.labels == (std::vector<std::string>{"O", "B-X"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(absent_and_null_fields_take_the_library_s_defaults) {
  const auto config =
      test::must(bert::parse_config(R"({"num_labels": 3, "hidden_act": null})", "c"));
  BOOST_TEST(config.vocab_size == 30522U);
  BOOST_TEST(config.hidden_size == 768U);
  BOOST_TEST(config.num_heads == 12U);
  BOOST_TEST(config.num_layers == 12U);
  BOOST_TEST(config.intermediate_size == 3072U);
  BOOST_TEST(config.max_positions == 512U);
  BOOST_TEST(config.type_vocab_size == 2U);
  BOOST_TEST(config.layer_norm_eps == 1e-12F);
  BOOST_TEST((config.hidden_activation == bert::activation::gelu));
  BOOST_TEST(!config.word_shape_types);
  BOOST_TEST(config.labels == (std::vector<std::string>{"LABEL_0", "LABEL_1", "LABEL_2"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(word_shapes_need_four_types) {
  auto root = sound();
  root["token_types"] = "word_shape";
  BOOST_TEST(!bert::parse_config(root.dump(), "c"));
}

BOOST_AUTO_TEST_CASE(a_missing_file_is_named) {
  const test::temporary_folder folder;
  const auto loaded = bert::load_config(folder.path());
  BOOST_REQUIRE(!loaded);
  BOOST_TEST(loaded.error().code == bert::bert_errc::unreadable_file);
  BOOST_TEST(loaded.error().context.find("config.json") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
