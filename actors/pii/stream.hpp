#pragma once

#include "actors/pii/finder.hpp"
#include "actors/pii/settings.hpp"
#include "kernels/bert/engine.hpp"
#include "kernels/result.hpp"

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Redaction of inputs of any size in memory that does not grow with them: blocks of lines come in, several threads work on
/// one each, and what they made goes out in the order of the input.
namespace troupe::pii {

/// Whole lines of one input, one after the other.
struct text_block {
  std::string bytes;
  /// Which input, counted by the caller from 0; nothing of one input bears on another.
  std::size_t input = 0;
  /// Of its first line, from 1.
  std::size_t first_line = 1;
  /// Its last line goes on in the next block: it was too long to be kept whole.
  bool continues = false;
};

/// A line and what was found in it; valid during the call that gets it.
struct found_line {
  /// As read, without the end of the line.
  std::string_view bytes;
  /// The same as valid UTF-8: malformed sequences are U+FFFD.
  std::string_view text;
  /// "\n", "\r\n", or nothing behind the last line; also a lone "\r" there.
  std::string_view end;
  std::size_t number = 0;
  /// The rest of the line comes in the next block.
  bool continues = false;
  std::size_t replaced_sequences = 0;
  /// In `text`; in order, without overlap.
  std::span<const pii_span> spans;
};

/// Makes the output of one block: gets its lines in order, on one of the threads. May throw `std::bad_alloc` only.
class block_writer {
public:
  virtual ~block_writer() = default;
  virtual void add(const found_line& line, std::string& output) = 0;
  /// Behind the last line.
  virtual void finish(std::string& output) { static_cast<void>(output); }
};

/// What became of a block.
struct done_block {
  std::size_t input = 0;
  std::size_t bytes = 0;
  std::string output;
  /// Lines in which malformed UTF-8 was replaced, and how many sequences.
  std::vector<std::pair<std::size_t, std::size_t>> replaced;
};

/// Where blocks come from and go to; all members are called by the thread that called `redact_stream`.
class stream_ends {
public:
  virtual ~stream_ends() = default;
  /// @returns the next block, nothing at the end; an error ends the stream once what came before is out.
  [[nodiscard]] virtual result<std::optional<text_block>> next() = 0;
  /// Whether `next` need not wait. Where it must, all that is read already goes out first.
  [[nodiscard]] virtual bool ready() const { return true; }
  /// Takes outputs in the order of the blocks. @returns false to end the stream: nobody takes more.
  [[nodiscard]] virtual bool put(done_block block) = 0;
  /// Whether to give up now; asked every tenth of a second at least, also while blocks are worked on.
  [[nodiscard]] virtual bool stopped() const { return false; }
};

struct stream_options {
  settings wanted;
  /// 0 for one per processor.
  std::size_t threads = 0;
  /// Makes the writer of a block; called by several threads at once.
  std::function<std::unique_ptr<block_writer>(const text_block&)> writer;
};

enum class stream_outcome { done, stopped, output_closed };

struct stream_result {
  stream_outcome outcome = stream_outcome::done;
  finder_stats stats;
};

/// Reads blocks until there are none, and writes what `options.writer` makes of them. Memory: a few blocks per thread.
/// The output does not depend on the number of threads nor on where blocks are cut. Blocks the calling thread.
/// @returns errors of the engine, of `ends.next`, and of the system when it has no thread left.
[[nodiscard]] result<stream_result> redact_stream(const models& with, const stream_options& options,
                                                  stream_ends& ends);

/// Loads `pii-rampart` and `ner-default` from those folders; an empty path leaves one out. Blocks; any thread.
/// @returns the reason when one does not load.
[[nodiscard]] result<models> load_models(const std::filesystem::path& pii,
                                         const std::filesystem::path& names,
                                         const bert::engine_options& options);

/// Writes redacted lines as text. @param keep_ends whether "\r\n" and a missing last "\n" stay as they are.
class redacted_text_writer : public block_writer {
public:
  redacted_text_writer(bool pseudonyms, std::string key, bool keep_ends)
      : pseudonyms_(pseudonyms), key_(std::move(key)), keep_ends_(keep_ends) {}
  void add(const found_line& line, std::string& output) override;

private:
  bool pseudonyms_;
  std::string key_;
  bool keep_ends_;
};

} // namespace troupe::pii
