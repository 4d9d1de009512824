#include "actors/pii/reader.hpp"

#include "actors/pii/defaults.hpp"
#include "actors/pii/word_reader.hpp"
#include "kernels/bert/ner_model.hpp"

#include <algorithm>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace troupe::pii {
namespace {

/// Whether a word that looks like a name is touched by no answer.
bool leaves_name(std::string_view text, const model_answers& answers) {
  word_reader words{text};
  while (const auto word = words.next())
    if (word->text.size() > 1 && looks_like_name(*word) &&
        std::ranges::none_of(answers, [&](const model_answer& one) {
          return one.start < word->start + word->text.size() && word->start < one.end;
        }))
      return true;
  return false;
}

std::vector<std::string_view> views(std::span<const std::string> texts) {
  return {texts.begin(), texts.end()};
}

} // namespace

model_reader::model_reader(const settings& wanted)
    : wanted_(&wanted), cache_(defaults::cache_bytes) {}

result<model_reader> model_reader::make(const models& with, const settings& wanted) {
  model_reader made{wanted};
  for (auto [model, into] :
       {std::pair{&with.pii, &made.pii_}, std::pair{&with.names, &made.names_}}) {
    if (!*model) continue;
    auto extractor = bert::ner_extractor::make(*model);
    if (!extractor) return tl::unexpected(std::move(extractor.error()));
    into->emplace(std::move(*extractor));
  }
  return made;
}

result<std::vector<model_answers>> model_reader::read(const std::vector<std::string>& texts) {
  std::vector<model_answers> answers(texts.size());
  std::unordered_map<std::string_view, std::size_t> asked; // index among the unknown
  std::vector<std::string> unknown;
  std::vector<std::size_t> source(texts.size());
  constexpr auto is_known = static_cast<std::size_t>(-1);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    source[i] = is_known;
    if (const auto found = asked.find(texts[i]); found != asked.end()) {
      source[i] = found->second;
    } else if (const auto* known = cache_.find(texts[i])) {
      answers[i] = *known;
    } else {
      source[i] = unknown.size();
      asked.emplace(texts[i], unknown.size());
      unknown.push_back(texts[i]);
    }
  }
  texts_ += texts.size();
  read_texts_ += unknown.size();
  std::vector<model_answers> fresh(unknown.size());
  if (auto done = ask(unknown, fresh); !done) return tl::unexpected(std::move(done.error()));
  for (std::size_t i = 0; i < texts.size(); ++i)
    if (source[i] != is_known) answers[i] = fresh[source[i]];
  for (std::size_t i = 0; i < unknown.size(); ++i)
    cache_.add(unknown[i], std::move(fresh[i]));
  return answers;
}

result<void> model_reader::ask(const std::vector<std::string>& texts,
                               std::vector<model_answers>& answers) {
  for (std::size_t first = 0; pii_ && first < texts.size(); first += defaults::texts_per_call) {
    const auto count = std::min(defaults::texts_per_call, texts.size() - first);
    // Every piece that the model calls personal, the others of its word or not: `whole_words` widens them.
    auto found = pii_->extract(views(std::span{texts}.subspan(first, count)),
                               {.how = bert::aggregation::simple});
    if (!found) return tl::unexpected(std::move(found.error()));
    for (std::size_t i = 0; i < count; ++i)
      for (auto& span : (*found)[i])
        if (span.score >= wanted_->threshold_of(span.label))
          answers[first + i].push_back(
              {std::move(span.label), span.score, span.start_byte, span.end_byte});
  }
  return ask_names(texts, answers);
}

result<void> model_reader::ask_names(const std::vector<std::string>& texts,
                                     std::vector<model_answers>& answers) {
  if (!names_ || !wanted_->wants(name_label)) return {};
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i < texts.size(); ++i)
    if (leaves_name(texts[i], answers[i])) open.push_back(i);
  for (std::size_t first = 0; first < open.size(); first += defaults::texts_per_call) {
    const auto count = std::min(defaults::texts_per_call, open.size() - first);
    std::vector<std::string_view> asked;
    for (std::size_t i = 0; i < count; ++i)
      asked.emplace_back(texts[open[first + i]]);
    auto found = names_->extract(asked, {.how = bert::aggregation::simple});
    if (!found) return tl::unexpected(std::move(found.error()));
    for (std::size_t i = 0; i < count; ++i)
      for (const auto& span : (*found)[i])
        if (span.label == "PER" && span.score >= wanted_->threshold_of(name_label))
          answers[open[first + i]].push_back(
              {name_label, span.score, span.start_byte, span.end_byte});
  }
  return {};
}

} // namespace troupe::pii
