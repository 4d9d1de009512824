#include "tools/troupe/eval_run.hpp"

#include "kernels/bert/word_tagger.hpp"
#include "tools/troupe/interrupt.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

namespace troupe::cli {

namespace {

using sentence_list = std::vector<bert::corpus_sentence>;

/// Sentences [first, last) that one text is made of.
struct stretch {
  std::size_t first = 0, last = 0;
};

std::vector<stretch> one_by_one(const sentence_list& sentences) {
  std::vector<stretch> all;
  for (std::size_t i = 0; i < sentences.size(); ++i)
    all.push_back({i, i + 1});
  return all;
}

/// Whole sentences of one document, as many as have room for their pieces.
std::vector<stretch> by_document(const sentence_list& sentences, const bert::ner_model& model,
                                 std::size_t room) {
  std::vector<stretch> all;
  std::size_t taken = 0;
  for (std::size_t i = 0; i < sentences.size(); ++i) {
    const std::size_t pieces = model.tokenizer().encode_words(sentences[i].words).size() - 2;
    const bool joins = !all.empty() && taken + pieces <= room &&
                       sentences[all.back().first].document == sentences[i].document;
    if (!joins) {
      all.push_back({i, i});
      taken = 0;
    }
    all.back().last = i + 1;
    taken += pieces;
  }
  return all;
}

/// How the model's labels are written as tags.
class tag_names {
public:
  explicit tag_names(const bert::label_set& labels) {
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const std::string& name = labels.name(i);
      names_.push_back(bert::is_tag(name) ? name : "I-" + name);
      respell_ |= names_.back()[0] == 'E' || names_.back()[0] == 'S';
    }
  }

  /// @param begin the label of the sentence's first word.
  [[nodiscard]] bert::tag_sequence tags(const std::optional<std::size_t>* begin,
                                        std::size_t words) const {
    bert::tag_sequence found;
    for (std::size_t i = 0; i < words; ++i)
      found.push_back(begin[i] ? names_[*begin[i]] : "O");
    if (!respell_) return found;
    auto spelled = bert::to_iob2(found);
    return spelled ? std::move(*spelled) : found; // every name is a tag
  }

private:
  std::vector<std::string> names_;
  bool respell_ = false;
};

/// Hands stretches to workers and takes their answers. Members are guarded by `mutex_` but for what never changes.
class tagging {
public:
  tagging(std::shared_ptr<const bert::ner_model> model, const sentence_list& sentences,
          const tagging_options& options)
      : model_{std::move(model)}, sentences_{sentences}, windows_{options.windows},
        stretches_{options.document_context ? by_document(sentences, *model_, room())
                                            : one_by_one(sentences)},
        names_{model_->labels()}, tags_(sentences.size()) {}

  result<std::optional<std::vector<bert::tag_sequence>>>
  run(std::size_t threads, const std::function<void(std::size_t)>& on_progress) {
    std::vector<std::thread> workers;
    for (working_ = threads; workers.size() < threads;)
      workers.emplace_back([this] { work(); });
    watch(on_progress);
    for (auto& worker : workers)
      worker.join();
    if (problem_) return tl::unexpected(std::move(*problem_));
    if (interrupt::requested()) return std::nullopt;
    return std::move(tags_);
  }

private:
  /// Several batches' worth, so that every batch but the last is full.
  static constexpr std::size_t stretches_per_share = 128;
  static constexpr std::chrono::milliseconds tick{100};

  [[nodiscard]] std::size_t room() const {
    return windows_.max_length.value_or(model_->max_length()) - 2;
  }

  void watch(const std::function<void(std::size_t)>& on_progress) {
    std::unique_lock lock{mutex_};
    while (!ended_.wait_for(lock, tick, [this] { return working_ == 0; }))
      on_progress(done_);
  }

  /// The next stretches, none when there are no more or the work is to stop.
  std::span<const stretch> next_share() {
    const std::lock_guard lock{mutex_};
    if (problem_ || interrupt::requested()) return {};
    const std::size_t count = std::min(stretches_per_share, stretches_.size() - next_);
    next_ += count;
    return {stretches_.data() + next_ - count, count};
  }

  void work() {
    auto tagger = bert::word_tagger::make(model_);
    if (!tagger) fail_with(std::move(tagger.error()));
    for (auto share = next_share(); !share.empty(); share = next_share())
      if (auto tagged = tag(share, *tagger); !tagged) fail_with(std::move(tagged.error()));
    const std::lock_guard lock{mutex_};
    if (--working_ == 0) ended_.notify_all();
  }

  result<void> tag(std::span<const stretch> share, bert::word_tagger& tagger) {
    std::vector<bert::word_tagger::words> texts;
    for (const auto& [first, last] : share) {
      auto& text = texts.emplace_back();
      for (std::size_t i = first; i < last; ++i)
        text.insert(text.end(), sentences_[i].words.begin(), sentences_[i].words.end());
    }
    const auto labels = tagger.tag(texts, windows_);
    if (!labels) return tl::unexpected(labels.error());
    const std::lock_guard lock{mutex_};
    for (std::size_t s = 0; s < share.size(); ++s)
      keep(share[s], (*labels)[s]);
    return {};
  }

  void keep(const stretch& of, const bert::word_tagger::word_labels& labels) {
    const auto* word = labels.data();
    for (std::size_t i = of.first; i < of.last; ++i) {
      const std::size_t words = sentences_[i].words.size();
      tags_[i] = names_.tags(word, words);
      word += words;
      ++done_;
    }
  }

  void fail_with(error problem) {
    const std::lock_guard lock{mutex_};
    if (!problem_) problem_ = std::move(problem);
  }

  const std::shared_ptr<const bert::ner_model> model_;
  const sentence_list& sentences_;
  const bert::window_options windows_;
  const std::vector<stretch> stretches_;
  const tag_names names_;
  std::mutex mutex_;
  std::condition_variable ended_;
  std::size_t next_ = 0, done_ = 0, working_ = 0;
  std::vector<bert::tag_sequence> tags_;
  std::optional<error> problem_;
};

} // namespace

result<std::optional<std::vector<bert::tag_sequence>>>
tag_corpus(const std::shared_ptr<const bert::ner_model>& model, const sentence_list& sentences,
           const tagging_options& options, const std::function<void(std::size_t)>& on_progress) {
  return tagging{model, sentences, options}.run(options.threads, on_progress);
}

} // namespace troupe::cli
