#include "kernels/bert/conll.hpp"

#include "kernels/bert/errors.hpp"
#include "kernels/bert/small_file.hpp"
#include "kernels/text/utf8.hpp"

#include <optional>
#include <utility>

namespace troupe::bert {
namespace {

constexpr std::string_view blanks = " \t\r\v\f";
constexpr std::string_view document_mark = "-DOCSTART-";
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

/// The first and the last column of a line; the same where there is one only, empty on a blank line.
struct columns {
  std::string_view first, last;
  bool several = false;
};

columns split(std::string_view line) {
  const auto begin = line.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  const auto end = line.find_last_not_of(blanks) + 1;
  line = line.substr(begin, end - begin);
  const auto first_end = line.find_first_of(blanks);
  if (first_end == std::string_view::npos) return {line, line, false};
  return {line.substr(0, first_end), line.substr(line.find_last_of(blanks) + 1), true};
}

/// Puts the lines of one corpus together.
class conll_reader {
public:
  explicit conll_reader(const std::string& origin) : origin_(origin) {}

  result<void> add(std::string_view line) {
    ++line_;
    if (line.size() > corpus_limits::line_bytes)
      return bad("has more than " + std::to_string(corpus_limits::line_bytes) + " bytes");
    if (!text::is_valid_utf8(line)) return bad("is not UTF-8; convert the file");
    const auto [first, last, several] = split(line);
    if (first.empty() || first == document_mark) {
      close_sentence();
      if (!first.empty()) next_document();
      return {};
    }
    if (!several) return bad("has one column; expected a word, blanks, and its tag");
    if (!is_tag(last))
      return bad("ends in \"" + std::string{last.substr(0, 60)} +
                 "\", which is no tag; expected O, or B-, I-, E- or S- and a type");
    return add_word(first, last);
  }

  std::vector<corpus_sentence> finish() && {
    close_sentence();
    return std::move(sentences_);
  }

private:
  tl::unexpected<error> bad(const std::string& what) const {
    return fail(bert_errc::bad_corpus, origin_ + ":" + std::to_string(line_) + " " + what);
  }

  result<void> add_word(std::string_view word, std::string_view tag) {
    if (open_.words.empty()) open_.line = line_;
    if (open_.words.size() == corpus_limits::sentence_words)
      return bad("is word " + std::to_string(corpus_limits::sentence_words + 1) +
                 " of one sentence; separate sentences by empty lines");
    open_.words.emplace_back(word);
    open_.tags.emplace_back(tag);
    return {};
  }

  void close_sentence() {
    if (open_.words.empty()) return;
    open_.document = document_;
    sentences_.push_back(std::move(open_));
    open_ = {};
  }

  /// Marks before the first word open no second document.
  void next_document() {
    if (!sentences_.empty() && sentences_.back().document == document_) ++document_;
  }

  const std::string& origin_;
  std::size_t line_ = 0, document_ = 0;
  corpus_sentence open_;
  std::vector<corpus_sentence> sentences_;
};

/// Lines on which one of the schemes shows itself; 0 for nowhere.
struct signs {
  std::size_t iobes = 0, iob1 = 0, iob2 = 0;
};

void look_at(const corpus_sentence& sentence, signs& seen) {
  std::string_view previous = "O";
  for (std::size_t i = 0; i < sentence.tags.size(); ++i) {
    const std::string_view tag = sentence.tags[i];
    const bool same_type = previous != "O" && previous.substr(1) == tag.substr(1);
    const std::size_t line = sentence.line + i;
    if ((tag[0] == 'E' || tag[0] == 'S') && seen.iobes == 0) seen.iobes = line;
    if (tag[0] == 'I' && !same_type && seen.iob1 == 0) seen.iob1 = line;
    if (tag[0] == 'B' && !same_type && seen.iob2 == 0) seen.iob2 = line;
    previous = tag;
  }
}

} // namespace

result<std::vector<corpus_sentence>> parse_conll(std::string_view bytes,
                                                 const std::string& origin) {
  if (bytes.starts_with(byte_order_mark)) bytes.remove_prefix(byte_order_mark.size());
  conll_reader reader{origin};
  while (!bytes.empty()) {
    const auto line = bytes.substr(0, bytes.find('\n'));
    if (auto added = reader.add(line); !added) return tl::unexpected(std::move(added.error()));
    bytes.remove_prefix(std::min(bytes.size(), line.size() + 1));
  }
  auto sentences = std::move(reader).finish();
  if (sentences.empty())
    return fail(bert_errc::bad_corpus,
                origin + " has no words; expected a word and its tag on each line");
  return sentences;
}

result<std::vector<corpus_sentence>> load_conll(const std::filesystem::path& path) {
  const auto bytes = read_small_file(path, corpus_limits::file_bytes);
  if (!bytes) return tl::unexpected(bytes.error());
  return parse_conll(*bytes, path.string());
}

result<tag_scheme> detect_scheme(const std::vector<corpus_sentence>& sentences) {
  signs seen;
  for (const auto& sentence : sentences)
    look_at(sentence, seen);
  if (seen.iobes != 0) return tag_scheme::iobes;
  if (seen.iob1 != 0 && seen.iob2 != 0)
    return fail(bert_errc::bad_corpus,
                "the tags mix two schemes: on line " + std::to_string(seen.iob1) +
                    " an I- begins an entity as in iob1, on line " + std::to_string(seen.iob2) +
                    " a B- does as in iob2; say which one is meant");
  return seen.iob1 != 0 ? tag_scheme::iob1 : tag_scheme::iob2;
}

result<tag_sequence> to_iob2(const tag_sequence& tags) {
  const auto entities = lenient_entities(tags);
  if (!entities) return tl::unexpected(entities.error());
  tag_sequence spelled(tags.size(), "O");
  for (const auto& [type, first, last] : *entities)
    for (std::size_t i = first; i <= last; ++i)
      spelled[i] = (i == first ? "B-" : "I-") + type;
  return spelled;
}

} // namespace troupe::bert
