#include "tools/troupe/bench_ner_texts.hpp"

#include "tools/troupe/cli_errc.hpp"

#include <algorithm>
#include <random>
#include <sstream>

namespace troupe::cli {

namespace {

constexpr std::size_t special_tokens_of_a_text = 2; // [CLS], [SEP]
/// More make no other sentences.
constexpr std::size_t most_words = 20'000;

} // namespace

result<sentence_maker> sentence_maker::make(const bert::ner_model& model,
                                            std::span<const std::string> texts) {
  std::vector<word> words;
  for (const auto& text : texts) {
    std::istringstream in{text};
    for (std::string each; words.size() < most_words && in >> each;) {
      const auto pieces = model.tokenizer().encode(each).size() - special_tokens_of_a_text;
      if (pieces > 0) words.push_back({std::move(each), pieces});
    }
  }
  if (std::none_of(words.begin(), words.end(), [](const word& each) { return each.pieces == 1; }))
    return fail(cli_errc::bad_input, "the texts have no word that is in the model's vocabulary, so "
                                     "no sentence of a given length "
                                     "can be made of them; name other texts with --data");
  return sentence_maker{std::move(words)};
}

std::vector<std::string> sentence_maker::sentences(std::size_t count, std::size_t tokens) const {
  std::minstd_rand random{static_cast<std::minstd_rand::result_type>(tokens)};
  std::vector<std::string> made(count);
  for (auto& sentence : made)
    for (std::size_t left = tokens - special_tokens_of_a_text; left > 0;) {
      // A word too long for what is left is passed over; some word has one piece.
      auto at = random() % words_.size();
      while (words_[at].pieces > left)
        at = (at + 1) % words_.size();
      left -= words_[at].pieces;
      sentence += (sentence.empty() ? "" : " ") + words_[at].text;
    }
  return made;
}

} // namespace troupe::cli
