#include "kernels/text/defaults.hpp"
#include "kernels/text/errors.hpp"
#include "kernels/text/vocabulary.hpp"
#include "tests/kernels/text/tiny_model.hpp"

#include <string>
#include <vector>

using namespace troupe;
using test::tiny_model;
using text::text_errc;
using ids = std::vector<std::int32_t>;

namespace {

constexpr std::int32_t unk = 1, cls = 2, sep = 3, mask = 4, un = 5, known = 6, s = 7, hello = 8,
                       world = 9, comma = 10;

/// Without [CLS] and [SEP].
ids body(const ids& tokens) {
  return {tokens.begin() + 1, tokens.end() - 1};
}

struct load_failure {
  const char* what;
  const char* file;
  const char* content; // nullptr: the file is missing
  text_errc code;
  const char* says;
};

/// Writing it into a message must not recurse as deep.
const std::string deep_class =
    "{\"tokenizer_class\": " + std::string(1'000'000, '[') + std::string(1'000'000, ']') + "}";

const load_failure load_failures[] = {
    {"no vocabulary", "vocab.txt", nullptr, text_errc::unreadable_file, "vocab.txt is missing"},
    {"empty vocabulary", "vocab.txt", "", text_errc::bad_vocabulary, "has no pieces"},
    {"vocabulary not UTF-8", "vocab.txt", "ok\n\xFF\n", text_errc::bad_vocabulary, "vocab.txt:2"},
    {"no [MASK]", "vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n", text_errc::missing_special_token,
     "\"[MASK]\""},
    {"no configuration", "tokenizer_config.json", nullptr, text_errc::unreadable_file,
     "tokenizer_config.json is missing"},
    {"not JSON", "tokenizer_config.json", "{\"do_lower_case\": tru", text_errc::bad_config,
     "not valid JSON"},
    {"not an object", "tokenizer_config.json", "[]", text_errc::bad_config,
     "must be a JSON object"},
    {"a string for a flag", "tokenizer_config.json", R"({"do_lower_case": "yes"})",
     text_errc::bad_config, "do_lower_case"},
    {"a number for a flag", "tokenizer_config.json", R"({"strip_accents": 1})",
     text_errc::bad_config, "strip_accents"},
    {"negative length", "tokenizer_config.json", R"({"model_max_length": -1})",
     text_errc::bad_config, "model_max_length"},
    {"length of the wrong type", "tokenizer_config.json", R"({"model_max_length": "512"})",
     text_errc::bad_config, "model_max_length"},
    {"token of the wrong type", "tokenizer_config.json", R"({"cls_token": 7})",
     text_errc::bad_config, "cls_token"},
    {"token object without content", "tokenizer_config.json", R"({"cls_token": {"x": 1}})",
     text_errc::bad_config, "cls_token"},
    {"token flags", "tokenizer_config.json",
     R"({"mask_token": {"content": "[MASK]", "lstrip": true}})", text_errc::unsupported, "lstrip"},
    {"another unknown token", "tokenizer_config.json", R"({"unk_token": "<unk>"})",
     text_errc::missing_special_token, "<unk>"},
    {"another tokenizer", "tokenizer_config.json", R"({"tokenizer_class": "RobertaTokenizer"})",
     text_errc::unsupported, "RobertaTokenizer"},
    {"a deep value", "tokenizer_config.json", deep_class.c_str(), text_errc::unsupported,
     "tokenizer_class"},
    {"added token at another id", "tokenizer_config.json",
     R"({"added_tokens_decoder": {"9": {"content": "[MASK]"}}})", text_errc::bad_config,
     "make them agree"},
    {"added token at no id", "tokenizer_config.json",
     R"({"added_tokens_decoder": {"x": {"content": "[MASK]"}}})", text_errc::bad_config,
     "added_tokens_decoder.x"},
    {"config.json not JSON", "config.json", "nope", text_errc::bad_config, "config.json"},
    {"unknown token types", "config.json", R"({"token_types": "colour"})", text_errc::unsupported,
     "token_types"},
};

} // namespace

BOOST_AUTO_TEST_SUITE(wordpiece)

BOOST_AUTO_TEST_CASE(longest_pieces_with_offsets) {
  const auto tokens = tiny_model{}.load().encode("Hello, unknowns");
  BOOST_TEST(tokens.token_ids == (ids{cls, hello, comma, un, known, s, sep}),
             boost::test_tools::per_element());
  BOOST_TEST(tokens.word_ids == (ids{-1, 0, 1, 2, 2, 2, -1}), boost::test_tools::per_element());
  const std::vector<text::byte_range> offsets{{0, 0},  {0, 5},   {5, 6}, {7, 9},
                                              {9, 14}, {14, 15}, {0, 0}};
  BOOST_TEST((tokens.offsets == offsets));
  BOOST_TEST((tokens.special_mask == std::vector<std::uint8_t>{1, 0, 0, 0, 0, 0, 1}));
}

BOOST_AUTO_TEST_CASE(unknown_part_makes_the_word_unknown) {
  const auto tokenizer = tiny_model{}.load();
  const auto tokens = tokenizer.encode("unknownx s");
  BOOST_TEST(body(tokens.token_ids) == (ids{unk, unk}), boost::test_tools::per_element());
  BOOST_TEST((tokens.offsets[1] == text::byte_range{0, 8}));
}

BOOST_AUTO_TEST_CASE(literal_special_tokens) {
  const auto tokenizer = tiny_model{}.load();
  const auto tokens = tokenizer.encode("hello[MASK]s[mask]");
  const std::int32_t open = tokenizer.find("["), close = tokenizer.find("]"),
                     word = tokenizer.find("mask");
  BOOST_TEST(body(tokens.token_ids) == (ids{hello, mask, unk, open, word, close}),
             boost::test_tools::per_element());
  BOOST_TEST(tokens.word_ids == (ids{-1, 0, 1, 2, 3, 4, 5, -1}), boost::test_tools::per_element());
  BOOST_TEST(tokens.special_mask[2] == 0);
}

BOOST_AUTO_TEST_CASE(words_longer_than_the_limit) {
  tiny_model model;
  model.write("vocab.txt", std::string{tiny_model::pieces} + "a\n##a\n\u00E9\n##\u00E9\n");
  const auto tokenizer = model.load();
  BOOST_TEST(tokenizer.encode(std::string(100, 'a')).size() == 102u);
  BOOST_TEST(body(tokenizer.encode(std::string(101, 'a')).token_ids) == ids{unk},
             boost::test_tools::per_element());
  // Through the normaliser: the soft hyphen is removed before code points are counted.
  BOOST_TEST(tokenizer.encode("\u00AD" + std::string(100, 'a')).size() == 102u);
  const auto tokens = tokenizer.encode("\u00AD" + std::string(101, 'a'));
  BOOST_TEST(body(tokens.token_ids) == ids{unk}, boost::test_tools::per_element());
  BOOST_TEST((tokens.offsets[1] == text::byte_range{2, 103}));
}

BOOST_AUTO_TEST_CASE(split_words) {
  const auto tokenizer = tiny_model{}.load();
  const std::vector<std::string> words{"hello,world", "\u00AD", "", "unknown [MASK]"};
  const auto tokens = tokenizer.encode_words(words);
  BOOST_TEST(body(tokens.token_ids) == (ids{hello, comma, world, un, known, mask}),
             boost::test_tools::per_element());
  BOOST_TEST(tokens.word_ids == (ids{-1, 0, 0, 0, 3, 3, 3, -1}), boost::test_tools::per_element());
  BOOST_TEST((tokens.offsets[3] == text::byte_range{6, 11}));
  BOOST_TEST(tokenizer.encode_words({}).size() == 2u);
}

BOOST_AUTO_TEST_CASE(windows_share_the_stride) {
  const auto tokenizer = tiny_model{}.load();
  const auto windows = tokenizer.encode_windows("hello , hello , world", 5, 1);
  BOOST_REQUIRE(windows);
  BOOST_REQUIRE(windows->size() == 2u);
  BOOST_TEST((*windows)[0].token_ids == (ids{cls, hello, comma, hello, sep}),
             boost::test_tools::per_element());
  BOOST_TEST((*windows)[1].token_ids == (ids{cls, hello, comma, world, sep}),
             boost::test_tools::per_element());
  BOOST_TEST((*windows)[1].word_ids == (ids{-1, 2, 3, 4, -1}), boost::test_tools::per_element());
  BOOST_TEST(tokenizer.encode_windows("", 3, 0)->size() == 1u);
}

BOOST_AUTO_TEST_CASE(windows_that_are_refused) {
  const auto tokenizer = tiny_model{}.load();
  for (const auto& [length, stride] :
       {std::pair{0u, 0u}, {2u, 0u}, {3u, 1u}, {8u, 6u}, {8u, 99u}}) {
    BOOST_TEST_CONTEXT(length << ", " << stride) {
      const auto windows = tokenizer.encode_windows("hello", length, stride);
      BOOST_REQUIRE(!windows);
      BOOST_TEST(windows.error().code == text_errc::bad_window);
    }
  }
  // Every window repeats almost everything: refused before memory is taken.
  std::string text;
  for (int i = 0; i < 40'000; ++i)
    text += "s ";
  const auto windows = tokenizer.encode_windows(text, 20'000, 19'997);
  BOOST_REQUIRE(!windows);
  BOOST_TEST(windows.error().code == text_errc::too_long);
}

BOOST_AUTO_TEST_CASE(word_shapes_are_token_types) {
  tiny_model model;
  model.write("config.json", R"({"token_types": "word_shape"})");
  const auto tokenizer = model.load();
  const auto tokens = tokenizer.encode("hello Unknown WORLD heLlo [MASK] QX");
  BOOST_TEST(body(tokens.token_ids) == (ids{hello, un, known, world, hello, mask, unk}),
             boost::test_tools::per_element());
  BOOST_TEST(tokens.token_type_ids == (ids{0, 0, 1, 1, 2, 3, 0, 2, 0}),
             boost::test_tools::per_element());
  // The word is cut from the original text: the removed hyphen is inside, the stripped accent is not lost.
  BOOST_TEST(tokenizer.encode("U\u00ADN\u00C9").token_type_ids[1] == 2);
  model.write("config.json", R"({"token_types": null})");
  BOOST_TEST(model.load().encode("HELLO").token_type_ids[1] == 0);
}

BOOST_AUTO_TEST_CASE(vocabulary_files) {
  tiny_model model;
  model.write("vocab.txt",
              "[PAD]\r\n[UNK]\r\n[CLS]\r\n[SEP]\r\n[MASK]\r\nhello \t\r\n\r\nhello\u00A0\r\nworld");
  const auto tokenizer = model.load();
  BOOST_TEST(tokenizer.vocab_size() == 9u);
  BOOST_TEST(tokenizer.find("hello") == 7); // the last of equal pieces
  BOOST_TEST(tokenizer.find("world") == 8);
  BOOST_TEST(tokenizer.piece(5) == "hello");
  BOOST_TEST(tokenizer.piece(6) == "");
  BOOST_TEST(tokenizer.piece(-1) == "");
  BOOST_TEST(tokenizer.piece(9) == "");
  BOOST_TEST(tokenizer.find("") == -1);
  BOOST_TEST(tokenizer.find("hell") == -1);
}

BOOST_AUTO_TEST_CASE(options_of_the_folder) {
  struct {
    const char* config;
    bool lowercase, strip, cjk;
    std::size_t length;
  } const rows[] = {
      {"{}", true, true, true, 512},
      {R"({"do_lower_case": false})", false, false, true, 512},
      {R"({"do_lower_case": false, "strip_accents": true})", false, true, true, 512},
      {R"({"do_lower_case": true, "strip_accents": false})", true, false, true, 512},
      {R"({"strip_accents": null, "tokenize_chinese_chars": false})", true, true, false, 512},
      {R"({"model_max_length": 1000000000000000019884624838656})", true, true, true,
       text::defaults::max_model_length},
      {R"({"model_max_length": 1e30})", true, true, true, text::defaults::max_model_length},
      {R"({"model_max_length": 128, "tokenizer_class": "DistilBertTokenizerFast"})", true, true,
       true, 128},
      {R"({"cls_token": {"content": "[CLS]", "lstrip": false}, "never_split": null})", true, true,
       true, 512},
  };
  for (const auto& row : rows) {
    BOOST_TEST_CONTEXT(row.config) {
      const auto tokenizer = tiny_model{row.config}.load();
      const text::tokenizer_options& options = tokenizer.options();
      BOOST_TEST(options.lowercase == row.lowercase);
      BOOST_TEST(options.strip_accents == row.strip);
      BOOST_TEST(options.split_cjk == row.cjk);
      BOOST_TEST(options.model_max_length == row.length);
    }
  }
}

BOOST_AUTO_TEST_CASE(added_tokens_are_matched_first_and_the_longest_of_them) {
  tiny_model model{
      R"({"added_tokens_decoder": {"8": {"content": "hello"}, "14": {"content": "hel"}}})"};
  model.write("vocab.txt", std::string{tiny_model::pieces} + "hel\n");
  const auto tokens = model.load().encode("xhelhellohel");
  BOOST_TEST(body(tokens.token_ids) == (ids{unk, 14, hello, 14}), boost::test_tools::per_element());
  BOOST_TEST((tokens.offsets[3] == text::byte_range{4, 9}));
}

BOOST_AUTO_TEST_CASE(files_that_are_refused) {
  for (const auto& each : load_failures) {
    BOOST_TEST_CONTEXT(each.what) {
      const tiny_model model;
      if (each.content) {
        model.write(each.file, each.content);
      } else {
        model.remove(each.file);
      }
      const auto loaded = model.try_load();
      BOOST_REQUIRE(!loaded);
      BOOST_TEST(loaded.error().code == each.code);
      BOOST_TEST_CONTEXT(loaded.error().message()) {
        BOOST_TEST(loaded.error().message().find(each.says) != std::string::npos);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(vocabulary_beyond_the_bound) {
  tiny_model model;
  model.write("vocab.txt", std::string(text::defaults::max_vocabulary_bytes + 1, 'a'));
  const auto loaded = model.try_load();
  BOOST_REQUIRE(!loaded);
  BOOST_TEST(loaded.error().code == text_errc::unreadable_file);
}

BOOST_AUTO_TEST_SUITE_END()
