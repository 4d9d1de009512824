// The normaliser and the pre-tokenizer on every code point, against codepoints_*.tsv: each row says what becomes of
// left + c + right; code points without a row are kept as they are.
#include "kernels/text/normalizer.hpp"
#include "kernels/text/utf8.hpp"
#include "tests/support/files.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <sstream>
#include <string>
#include <vector>

using namespace troupe;

namespace {

using sequence = std::u32string;

struct outcome {
  sequence normalized;
  std::vector<sequence> words;
  friend bool operator==(const outcome&, const outcome&) = default;
};

constexpr char32_t left = U'a', right = U'b';

sequence parse_sequence(const std::string& hex) {
  sequence out;
  std::istringstream in{hex};
  for (std::string word; in >> word;)
    out += static_cast<char32_t>(std::stoul(word, nullptr, 16));
  return out;
}

std::vector<std::string> split(const std::string& line, char by) {
  std::vector<std::string> out;
  std::istringstream in{line};
  for (std::string part; std::getline(in, part, by);)
    out.push_back(part);
  return out;
}

outcome expected(char kind, const std::string& payload, char32_t c) {
  switch (kind) {
  case 'D':
    return {{left, right}, {{left, right}}};
  case 'S':
    return {{left, U' ', right}, {{left}, {right}}};
  case 'C':
    return {{left, U' ', c, U' ', right}, {{left}, {c}, {right}}};
  case 'P':
    return {{left, c, right}, {{left}, {c}, {right}}};
  case 'M': {
    const sequence whole = left + parse_sequence(payload) + right;
    return {whole, {whole}};
  }
  case 'X': {
    const auto parts = split(payload, '|');
    outcome out{parse_sequence(parts.at(0)), {}};
    for (std::size_t i = 1; i < parts.size(); ++i)
      out.words.push_back(parse_sequence(parts[i]));
    return out;
  }
  default:
    return {{left, c, right}, {{left, c, right}}};
  }
}

/// Normalises and cuts at spaces and punctuation.
struct collector {
  outcome out;
  bool open = false;

  void put(char32_t c, const text::char_record& record, text::byte_range) {
    out.normalized += c;
    const bool alone = record.has(text::char_flag::punctuation);
    if (alone || !open) out.words.emplace_back();
    out.words.back() += c;
    open = !alone;
  }
  void space(text::byte_range) {
    out.normalized += U' ';
    open = false;
  }
};

/// Row of each code point: kind and payload.
std::map<char32_t, std::pair<char, std::string>> read_rows(const std::filesystem::path& file) {
  std::map<char32_t, std::pair<char, std::string>> rows;
  std::istringstream in{test::read_file(file)};
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with('#')) continue;
    auto fields = split(line, '\t');
    fields.resize(4);
    const auto first = parse_sequence(fields[0])[0], last = parse_sequence(fields[1])[0];
    for (char32_t c = first; c <= last; ++c)
      rows[c] = {fields[2].at(0), fields[3]};
  }
  return rows;
}

/// Runs a test only where the golden folder has the file.
auto having(const char* file_name) {
  return boost::unit_test::precondition([file_name](boost::unit_test::test_unit_id) {
    boost::test_tools::assertion_result answer{
        std::filesystem::exists(test::golden_folder() / "tokenizer" / file_name)};
    answer.message() << "no tokenizer/" << file_name << " in " << test::golden_folder();
    return answer;
  });
}

void compare_all(const char* file_name, text::normalizer_options options) {
  const auto file = test::golden_folder() / "tokenizer" / file_name;
  const auto rows = read_rows(file);
  const text::normalizer rules{options};
  std::size_t compared = 0, wrong = 0;
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    char buffer[6] = {'a'};
    const std::size_t size = text::encode_utf8(c, buffer + 1);
    buffer[1 + size] = 'b';
    collector sink;
    rules.run({buffer, size + 2}, 0, size + 2, sink);
    const auto row = rows.find(c);
    const auto want = row == rows.end() ? expected(' ', "", c)
                                        : expected(row->second.first, row->second.second, c);
    ++compared;
    if (sink.out == want) continue;
    if (++wrong <= 5)
      BOOST_TEST_MESSAGE("U+" << std::hex << static_cast<unsigned>(c) << std::dec << " differs");
  }
  BOOST_TEST(wrong == 0u);
  std::printf("%s: %zu code points compared, %zu differences\n", file_name, compared, wrong);
}

} // namespace

BOOST_AUTO_TEST_SUITE(codepoint_golden)

BOOST_AUTO_TEST_CASE(uncased, *having("codepoints_uncased.tsv")) {
  compare_all("codepoints_uncased.tsv", {});
}

BOOST_AUTO_TEST_CASE(cased, *having("codepoints_cased.tsv")) {
  compare_all("codepoints_cased.tsv", {.lowercase = false, .strip_accents = false});
}

BOOST_AUTO_TEST_SUITE_END()
