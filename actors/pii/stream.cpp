#include "actors/pii/stream.hpp"

#include "actors/agents/redaction.hpp"
#include "actors/pii/block_lines.hpp"
#include "actors/pii/defaults.hpp"
#include "kernels/bert/ner_model.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>

namespace troupe::pii {
namespace {

/// A block on its way; threads touch what they took, the caller the rest.
struct block_job {
  text_block block;
  bool after_sign_off = false;
  bool done = false;
  result<done_block> output = done_block{};
};

/// Blocks in the order of the input, and the threads that work on them.
class block_queue {
public:
  std::shared_ptr<block_job> take() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return closed_ || next_ < jobs_.size(); });
    return next_ < jobs_.size() && !dropped_ ? jobs_[next_++] : nullptr;
  }
  void add(std::shared_ptr<block_job> job) {
    {
      const std::lock_guard lock{mutex_};
      bytes_ += job->block.bytes.size();
      jobs_.push_back(std::move(job));
    }
    changed_.notify_one();
  }
  void finish(block_job& job, result<done_block> output) {
    {
      const std::lock_guard lock{mutex_};
      job.output = std::move(output);
      job.done = true;
    }
    done_.notify_one();
  }
  /// @returns the first block once it is done, or nothing when `tick` passed before.
  std::shared_ptr<block_job> first_done(std::chrono::milliseconds tick) {
    std::unique_lock lock{mutex_};
    if (!done_.wait_for(lock, tick, [&] { return !jobs_.empty() && jobs_.front()->done; }))
      return nullptr;
    auto job = std::move(jobs_.front());
    jobs_.pop_front();
    bytes_ -= job->block.bytes.size();
    --next_;
    return job;
  }
  /// Whether more blocks or bytes are under way than these; one block alone never is.
  [[nodiscard]] bool exceeds(std::size_t blocks, std::size_t bytes) const {
    const std::lock_guard lock{mutex_};
    return jobs_.size() > blocks || (jobs_.size() > 1 && bytes_ > bytes);
  }
  /// No block follows; threads end once all are taken, or at once with `drop`.
  void close(bool drop) {
    {
      const std::lock_guard lock{mutex_};
      closed_ = true;
      dropped_ = dropped_ || drop;
    }
    changed_.notify_all();
  }

private:
  mutable std::mutex mutex_;
  std::condition_variable changed_, done_;
  std::deque<std::shared_ptr<block_job>> jobs_;
  std::size_t next_ = 0; // the first that nobody took
  std::size_t bytes_ = 0;
  bool closed_ = false, dropped_ = false;
};

result<done_block> work_on(const block_job& job, line_finder& finder,
                           const stream_options& options) {
  const block_lines lines{job.block.bytes, job.block.first_line};
  auto found = finder.find(lines.texts(), job.after_sign_off);
  if (!found) return tl::unexpected(std::move(found.error()));
  done_block made{
      .input = job.block.input, .bytes = job.block.bytes.size(), .output = {}, .replaced = {}};
  made.output.reserve(job.block.bytes.size() + job.block.bytes.size() / 8);
  const auto writer = options.writer(job.block);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    auto line = lines.line(i, (*found)[i]);
    line.continues = job.block.continues && i + 1 == lines.size();
    if (line.replaced_sequences) made.replaced.emplace_back(line.number, line.replaced_sequences);
    writer->add(line, made.output);
  }
  writer->finish(made.output);
  return made;
}

class stream {
public:
  stream(const models& with, const stream_options& options, stream_ends& ends)
      : with_(with), options_(options), ends_(ends) {}
  ~stream() { join(true); }
  stream(const stream&) = delete;
  stream& operator=(const stream&) = delete;

  result<stream_result> run() {
    if (auto started = start(); !started) return tl::unexpected(std::move(started.error()));
    auto outcome = pump();
    join(!outcome || *outcome != stream_outcome::done);
    if (!outcome) return tl::unexpected(std::move(outcome.error()));
    stream_result result{.outcome = *outcome, .stats = {}};
    for (const auto& finder : finders_)
      result.stats += finder.stats();
    return result;
  }

private:
  static constexpr std::chrono::milliseconds tick{100};

  result<void> start() {
    auto count = options_.threads ? options_.threads : std::thread::hardware_concurrency();
    count = std::clamp<std::size_t>(count, 1, defaults::max_threads);
    finders_.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      auto finder = line_finder::make(with_, options_.wanted);
      if (!finder) return tl::unexpected(std::move(finder.error()));
      finders_.push_back(std::move(*finder));
    }
    most_ = count * defaults::blocks_per_thread;
    try {
      for (auto& finder : finders_)
        threads_.emplace_back([this, &finder] { work(finder); });
    } catch (const std::system_error& e) {
      return fail(e.code(), "no thread to redact with");
    }
    return {};
  }

  void work(line_finder& finder) {
    while (const auto job = queue_.take()) {
      try {
        queue_.finish(*job, work_on(*job, finder, options_));
      } catch (const std::bad_alloc&) {
        queue_.finish(*job, fail(std::make_error_code(std::errc::not_enough_memory),
                                 "to redact a block of the input"));
      } catch (const std::exception& e) {
        queue_.finish(*job, fail(std::make_error_code(std::errc::invalid_argument), e.what()));
      }
    }
  }

  result<stream_outcome> pump() {
    for (;;) {
      if (!ends_.ready())
        if (auto out = drain_to(0); !out || *out != stream_outcome::done) return out;
      auto block = ends_.next();
      if (ends_.stopped()) return stream_outcome::stopped;
      // What was read before a bad input still goes out.
      if (!block || !*block) {
        queue_.close(false);
        auto out = drain_to(0);
        if (!block && out && *out == stream_outcome::done)
          return tl::unexpected(std::move(block.error()));
        return out;
      }
      add(std::move(**block));
      if (auto out = drain_to(most_); !out || *out != stream_outcome::done) return out;
    }
  }

  void add(text_block block) {
    if (block.input != input_) after_sign_off_ = false;
    input_ = block.input;
    auto job = std::make_shared<block_job>();
    job->after_sign_off = after_sign_off_;
    after_sign_off_ = ends_with_sign_off(block.bytes, after_sign_off_);
    job->block = std::move(block);
    queue_.add(std::move(job));
  }

  result<stream_outcome> drain_to(std::size_t count) {
    while (queue_.exceeds(count, defaults::bytes_under_way)) {
      if (ends_.stopped()) return stream_outcome::stopped;
      const auto job = queue_.first_done(tick);
      if (!job) continue;
      if (!job->output) return tl::unexpected(std::move(job->output.error()));
      if (!ends_.put(std::move(*job->output))) return stream_outcome::output_closed;
    }
    return stream_outcome::done;
  }

  void join(bool drop) {
    queue_.close(drop);
    for (auto& thread : threads_)
      thread.join();
    threads_.clear();
  }

  const models& with_;
  const stream_options& options_;
  stream_ends& ends_;
  block_queue queue_;
  std::vector<line_finder> finders_;
  std::vector<std::thread> threads_;
  std::size_t most_ = 0;
  std::size_t input_ = 0;
  bool after_sign_off_ = false;
};

} // namespace

result<stream_result> redact_stream(const models& with, const stream_options& options,
                                    stream_ends& ends) {
  return stream{with, options, ends}.run();
}

result<models> load_models(const std::filesystem::path& pii, const std::filesystem::path& names,
                           const bert::engine_options& options) {
  models loaded;
  for (auto [folder, into] : {std::pair{&pii, &loaded.pii}, std::pair{&names, &loaded.names}}) {
    if (folder->empty()) continue;
    auto model = bert::ner_model::load(*folder, options);
    if (!model) return tl::unexpected(std::move(model.error()));
    *into = std::move(*model);
  }
  return loaded;
}

void redacted_text_writer::add(const found_line& line, std::string& output) {
  if (line.spans.empty()) {
    output += line.text;
  } else {
    output += agents::apply_redactions(line.text, line.spans,
                                       pseudonyms_ ? agents::redaction_style::pseudonyms
                                                   : agents::redaction_style::mask,
                                       key_)
                  .text;
  }
  if (!line.continues) output += keep_ends_ ? line.end : std::string_view{"\n"};
}

} // namespace troupe::pii
