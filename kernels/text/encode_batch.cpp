#include "kernels/text/encode_batch.hpp"

#include "kernels/text/defaults.hpp"
#include "kernels/text/errors.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>

namespace troupe::text {
namespace {

/// Deals out texts to threads, a few neighbours at a time, and keeps the first exception.
class batch_work {
public:
  batch_work(const wordpiece_tokenizer& tokenizer, std::span<const std::string_view> texts,
             std::size_t threads, std::vector<encoding>& out)
      : tokenizer_{tokenizer}, texts_{texts}, out_{out}, share_{std::clamp<std::size_t>(
                                                             texts.size() /
                                                                 (threads * shares_per_thread),
                                                             1, max_share)} {}

  /// Takes shares until there are none left.
  void work() noexcept {
    try {
      for (std::size_t first = next(); first < texts_.size(); first = next()) {
        const std::size_t last = std::min(first + share_, texts_.size());
        for (std::size_t i = first; i < last; ++i)
          tokenizer_.encode_into(texts_[i], out_[i]);
      }
    } catch (...) {
      const std::lock_guard guard{failure_mutex_};
      if (!failure_) failure_ = std::current_exception();
      next_ = texts_.size();
    }
  }

  /// When all threads are done.
  void finish() const {
    if (failure_) std::rethrow_exception(failure_);
  }

private:
  /// Few enough that a thread with long texts does not make the others wait, and no more than needed: each costs a turn on
  /// the counter.
  static constexpr std::size_t shares_per_thread = 16, max_share = 64;

  std::size_t next() noexcept { return next_.fetch_add(share_, std::memory_order_relaxed); }

  const wordpiece_tokenizer& tokenizer_;
  std::span<const std::string_view> texts_;
  std::vector<encoding>& out_;
  std::size_t share_;
  std::atomic<std::size_t> next_{0};
  std::mutex failure_mutex_;
  std::exception_ptr failure_;
};

} // namespace

result<void> encode_batch(const wordpiece_tokenizer& tokenizer,
                          std::span<const std::string_view> texts, std::size_t threads,
                          std::vector<encoding>& out) {
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (texts[i].size() > defaults::max_text_bytes)
      return fail(text_errc::too_long, "text " + std::to_string(i) + " of the batch has " +
                                           std::to_string(texts[i].size()) + " bytes, at most " +
                                           std::to_string(defaults::max_text_bytes) + "; split it");
  }
  threads = std::clamp<std::size_t>(threads, 1, std::max<std::size_t>(texts.size(), 1));
  out.resize(texts.size());
  batch_work batch{tokenizer, texts, threads, out};
  {
    std::vector<std::jthread> others;
    others.reserve(threads - 1);
    try {
      while (others.size() + 1 < threads)
        others.emplace_back([&batch] { batch.work(); });
    } catch (const std::system_error&) {
      // No more threads to be had; those there are do it all.
    }
    batch.work();
  }
  batch.finish();
  return {};
}

} // namespace troupe::text
