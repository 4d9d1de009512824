#include "tools/troupe/entity_stream.hpp"

#include "kernels/bert/packed_windows.hpp"
#include "kernels/bert/span_stream.hpp"
#include "kernels/text/utf8.hpp"
#include "tools/troupe/cli_errc.hpp"
#include "tools/troupe/console.hpp"
#include "tools/troupe/interrupt.hpp"
#include "tools/troupe/spool.hpp"
#include "tools/troupe/text_requests.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

namespace troupe::cli {

namespace {

/// Windows that a thread gets at once: few, so that Ctrl-C is heard soon.
constexpr std::size_t tokens_per_share = 8 * bert::defaults::batch_tokens;

bool print(std::string_view bytes) {
  std::cout.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return std::cout.good();
}

/// The text within a JSON string, without the quotes.
std::string escaped(const std::string& text) {
  const auto quoted = nlohmann::json(text).dump();
  return quoted.substr(1, quoted.size() - 2);
}

std::string json_of(const bert::stream_span& span) {
  return nlohmann::ordered_json{
      {"label", span.label},       {"score", span.score},           {"start", span.start.codepoint},
      {"end", span.end.codepoint}, {"start_byte", span.start.byte}, {"end_byte", span.end.byte},
      {"word", span.word}}
      .dump();
}

} // namespace

/// A model, and per thread what it needs to run it.
class entity_stream::workers {
public:
  static result<std::unique_ptr<workers>> make(std::shared_ptr<const bert::ner_model> model) {
    std::unique_ptr<workers> made{new workers};
    made->model_ = std::move(model);
    made->each_.resize(std::max(1U, std::thread::hardware_concurrency()));
    for (auto& worker : made->each_) {
      auto scratch = made->model_->engine().make_workspace(
          std::max(bert::defaults::batch_tokens, made->model_->max_length()));
      if (!scratch) return tl::unexpected(scratch.error());
      worker.scratch = std::move(*scratch);
    }
    return made;
  }

  [[nodiscard]] const std::shared_ptr<const bert::ner_model>& model() const { return model_; }
  /// How many windows keep all threads at work for a while.
  [[nodiscard]] std::size_t round() const {
    return each_.size() * std::max<std::size_t>(1, tokens_per_share / model_->max_length());
  }

  /// The logits of every window, in order. Blocks.
  result<std::vector<std::vector<float>>> classify(const std::vector<text::encoding>& windows) {
    std::vector<std::vector<float>> logits(windows.size());
    std::vector<result<void>> done(each_.size());
    std::vector<std::thread> threads;
    for (std::size_t i = 1; i < each_.size(); ++i)
      threads.emplace_back([&, i] { done[i] = work(i, windows, logits); });
    done[0] = work(0, windows, logits);
    for (auto& thread : threads)
      thread.join();
    const auto failed =
        std::find_if(done.begin(), done.end(), [](const auto& one) { return !one; });
    if (failed != done.end()) return tl::unexpected(failed->error());
    return logits;
  }

private:
  struct worker {
    std::unique_ptr<bert::workspace> scratch;
    bert::packed_windows batch;
  };

  /// The part of thread `which`: as many windows as the others have, side by side.
  result<void> work(std::size_t which, const std::vector<text::encoding>& windows,
                    std::vector<std::vector<float>>& logits) {
    const std::size_t begin = windows.size() * which / each_.size();
    const std::size_t end = windows.size() * (which + 1) / each_.size();
    auto& [scratch, batch] = each_[which];
    for (std::size_t first = begin, last = begin; first < end; first = last) {
      batch.clear();
      while (last < end && batch.tokens() + windows[last].size() <= scratch->max_tokens())
        batch.add(windows[last++]);
      if (auto ran = batch.classify(model_->engine(), *scratch); !ran) return ran;
      for (std::size_t i = first; i < last; ++i) {
        const auto found = batch.logits(i - first);
        logits[i].assign(found.begin(), found.end());
      }
    }
    return {};
  }

  std::shared_ptr<const bert::ner_model> model_;
  std::vector<worker> each_;
};

/// One text on its way.
class entity_stream::one_text {
public:
  one_text(workers& by, bert::span_stream stream, input_text first)
      : by_{by}, stream_{std::move(stream)}, input_{std::move(first)}, bytes_{std::move(
                                                                           input_.original)} {}

  exit_code run(text_source& texts) {
    if (!print(R"({"text":")")) return report_closed_output();
    for (bool more = true; more;) {
      auto read = texts.rest();
      if (interrupt::requested()) return stop(report_interrupted());
      if (!read) return stop(report(read.error()));
      more = read->has_value();
      if (more) bytes_ += **read;
      const auto fed = feed(!more);
      if (!fed) return stop(report_here(fed.error()));
      if (interrupt::requested()) return stop(report_interrupted());
      if (!*fed) return report_closed_output();
    }
    warn_if_repaired(input_);
    return finish();
  }

private:
  /// A line was begun: what comes next must not seem to be part of it.
  static exit_code stop(exit_code code) {
    print("\n");
    return code;
  }

  [[nodiscard]] exit_code report_here(error what) const {
    what.context = place_of(input_) + ": " + what.context;
    return report(what);
  }

  /// Takes what can be cut off from the bytes read. @returns false when nobody reads the output any more.
  result<bool> feed(bool last) {
    // A carriage return before the line's end is none of the text's.
    if (last && input_.line && bytes_.ends_with('\r')) bytes_.pop_back();
    const auto cut = last ? bytes_.size() : next_cut();
    if (cut == 0 && bytes_.size() > text_source::max_text_bytes)
      return fail(cli_errc::input_too_large,
                  fmt::format("{} MiB without white space or punctuation; this is no text",
                              text_source::max_text_bytes >> 20));
    if (cut == 0 && !last) return true;
    const std::string part = bytes_.substr(0, cut);
    bytes_.erase(0, cut);
    if (auto pushed = stream_.push(part); !pushed) return tl::unexpected(pushed.error());
    if (last) stream_.close();
    const auto repaired = text::repair_utf8(part);
    input_.replaced_sequences += repaired.replaced;
    if (!print(escaped(repaired.text))) return false;
    if (auto found = classify(last); !found) return tl::unexpected(found.error());
    return true;
  }

  /// Where a part ends, or 0: looks at what it has not seen yet, but for a little that a special token may have held back.
  std::size_t next_cut() {
    constexpr std::size_t again = 256;
    const auto cut = by_.model()->tokenizer().last_cut(bytes_, seen_);
    seen_ = bytes_.size() - cut > again ? bytes_.size() - cut - again : 0;
    return cut;
  }

  /// Runs the windows that are there, a round of them at a time.
  result<void> classify(bool last) {
    while (!interrupt::requested()) {
      while (stream_.has_window() && windows_.size() < by_.round())
        windows_.push_back(stream_.next_window());
      if (windows_.empty() || (windows_.size() < by_.round() && !last)) break;
      const auto logits = by_.classify(windows_);
      if (!logits) return tl::unexpected(logits.error());
      windows_.clear();
      for (const auto& one : *logits)
        if (auto added = stream_.add(one); !added) return added;
      if (auto kept = keep(stream_.take()); !kept) return kept;
    }
    return {};
  }

  result<void> keep(const std::vector<bert::stream_span>& spans) {
    std::string lines;
    for (const auto& span : spans) {
      if (any_) lines += ',';
      any_ = true;
      lines += json_of(span);
    }
    return found_.add(lines);
  }

  exit_code finish() {
    if (!print(R"(","entities":[)")) return report_closed_output();
    const auto printed = found_.read(print);
    if (!printed) return stop(report_here(printed.error()));
    return *printed && print("]}\n") ? exit_code::ok : report_closed_output();
  }

  workers& by_;
  bert::span_stream stream_;
  input_text input_;
  std::string bytes_;
  std::size_t seen_ = 0;
  std::vector<text::encoding> windows_;
  bool any_ = false;
  spool found_;
};

entity_stream::entity_stream(entity_stream_options options) : options_{std::move(options)} {}

entity_stream::~entity_stream() = default;

exit_code entity_stream::run(text_source& texts, input_text first) {
  if (!workers_) {
    auto made = workers::make(options_.model);
    if (!made) return report(made.error());
    workers_ = std::move(*made);
  }
  auto stream = bert::span_stream::make(workers_->model(), options_.how, options_.windows);
  if (!stream) return report(stream.error());
  return one_text{*workers_, std::move(*stream), std::move(first)}.run(texts);
}

} // namespace troupe::cli
