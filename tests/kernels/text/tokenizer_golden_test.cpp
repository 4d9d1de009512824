// The tokenizer against outputs of the reference library: every id, type, offset, mask and word id must be equal.
#include "kernels/text/errors.hpp"
#include "kernels/text/normalizer.hpp"
#include "kernels/text/offsets.hpp"
#include "kernels/text/wordpiece.hpp"
#include "tests/kernels/text/golden_files.hpp"

#include <boost/test/unit_test.hpp>
#include <sstream>

using namespace troupe;
using nlohmann::json;
using text::byte_range;
using text::encoding;

namespace {

const auto have_folders = [](boost::unit_test::test_unit_id) {
  boost::test_tools::assertion_result answer{!test::tokenizer_folders().empty()};
  answer.message() << "no tokenizer/*/vocab.txt in " << test::golden_folder();
  return answer;
};

text::wordpiece_tokenizer load(const std::filesystem::path& folder) {
  auto loaded = text::wordpiece_tokenizer::load(folder);
  BOOST_REQUIRE_MESSAGE(loaded, (loaded ? "" : loaded.error().message()));
  return *loaded;
}

std::vector<byte_range> in_code_points(const std::string& text, const encoding& tokens) {
  text::offset_index index{text};
  std::vector<byte_range> out;
  for (const auto& [start, end] : tokens.offsets) {
    const std::size_t first = index.codepoint(start);
    out.push_back(
        {static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(index.codepoint(end))});
  }
  return out;
}

/// The names of the fields in which `tokens` differs from the reference; empty when all are equal.
std::string differences(const json& want, const encoding& tokens,
                        const std::vector<byte_range>& code_points) {
  std::string out;
  const auto compare = [&](const char* name, bool equal) {
    out += equal ? "" : std::string{" "} + name;
  };
  compare("ids", want.at("ids") == json(tokens.token_ids));
  if (want.contains("type_ids"))
    compare("type_ids", want.at("type_ids") == json(tokens.token_type_ids));
  compare("special_mask", want.at("special_mask") == json(tokens.special_mask));
  compare("word_ids", test::word_ids_of(want.at("word_ids")) == tokens.word_ids);
  compare("offsets_codepoints", test::ranges_of(want.at("offsets_codepoints")) == code_points);
  if (want.contains("offsets_bytes")) {
    compare("offsets_bytes", test::ranges_of(want.at("offsets_bytes")) == tokens.offsets);
  }
  return out;
}

/// Counts and, up to a few, prints what differs.
class tally {
public:
  void add(std::size_t line, const std::string& different) {
    ++total_;
    if (different.empty()) return;
    if (++wrong_ <= 5) BOOST_TEST_MESSAGE("line " << line << " differs in" << different);
  }
  void finish(const std::string& what, const std::filesystem::path& folder) const {
    BOOST_TEST_CONTEXT(folder.filename().string() << " " << what) {
      BOOST_TEST(wrong_ == 0u);
    }
    std::printf("%s/%s: %zu compared, %zu differences\n", folder.filename().c_str(), what.c_str(),
                total_, wrong_);
  }

private:
  std::size_t total_ = 0, wrong_ = 0;
};

} // namespace

BOOST_AUTO_TEST_SUITE(tokenizer_golden, *boost::unit_test::precondition(have_folders))

BOOST_AUTO_TEST_CASE(cases) {
  for (const auto& folder : test::tokenizer_folders()) {
    const auto tokenizer = load(folder);
    tally count;
    test::for_each_line(folder / "cases.jsonl", [&](const json& want, std::size_t line) {
      const auto text = want.at("text").get<std::string>();
      const encoding tokens = tokenizer.encode(text);
      count.add(line, differences(want, tokens, in_code_points(text, tokens)));
    });
    count.finish("cases.jsonl", folder);
  }
}

BOOST_AUTO_TEST_CASE(windows) {
  for (const auto& folder : test::tokenizer_folders()) {
    const auto tokenizer = load(folder);
    tally count;
    test::for_each_line(folder / "windows.jsonl", [&](const json& want, std::size_t line) {
      const auto text = want.at("text").get<std::string>();
      const auto windows = tokenizer.encode_windows(text, want.at("max_length"), want.at("stride"));
      BOOST_REQUIRE(windows);
      if (windows->size() != want.at("windows").size())
        return count.add(line, " the number of windows");
      for (std::size_t i = 0; i < windows->size(); ++i) {
        const encoding& tokens = (*windows)[i];
        count.add(line, differences(want.at("windows")[i], tokens, in_code_points(text, tokens)));
      }
    });
    count.finish("windows.jsonl", folder);
  }
}

BOOST_AUTO_TEST_CASE(refused_windows) {
  for (const auto& folder : test::tokenizer_folders()) {
    const auto file = folder / "windows_refused.json";
    if (!std::filesystem::exists(file)) continue;
    const auto tokenizer = load(folder);
    for (const json& pair : json::parse(test::read_file(file))) {
      BOOST_TEST_CONTEXT(pair.dump()) {
        const auto windows =
            tokenizer.encode_windows("some text", pair.at("max_length"), pair.at("stride"));
        BOOST_REQUIRE(!windows);
        BOOST_TEST(windows.error().code == text::text_errc::bad_window);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(words) {
  for (const auto& folder : test::tokenizer_folders()) {
    const auto tokenizer = load(folder);
    tally count;
    test::for_each_line(folder / "words.jsonl", [&](const json& want, std::size_t line) {
      const auto words = want.at("words").get<std::vector<std::string>>();
      const encoding tokens = tokenizer.encode_words(words);
      std::vector<byte_range> code_points(tokens.size());
      for (std::size_t i = 0; i < tokens.size(); ++i) {
        if (tokens.word_ids[i] < 0) continue;
        text::offset_index index{words.at(static_cast<std::size_t>(tokens.word_ids[i]))};
        code_points[i] = {static_cast<std::uint32_t>(index.codepoint(tokens.offsets[i].start)),
                          static_cast<std::uint32_t>(index.codepoint(tokens.offsets[i].end))};
      }
      count.add(line, differences(want, tokens, code_points));
    });
    count.finish("words.jsonl", folder);
  }
}

BOOST_AUTO_TEST_SUITE_END()
