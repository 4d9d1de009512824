#pragma once

#include "actors/inference/batcher.hpp"
#include "actors/inference/defaults.hpp"
#include "actors/inference/errc.hpp"
#include "actors/runtime/failure.hpp"
#include "kernels/bert/decode.hpp"
#include "kernels/bert/engine.hpp"
#include "kernels/bert/ner_defaults.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::bert {
class ner_model;
}

namespace troupe::inference {

/// One text to find entities in.
struct extract_request {
  /// A name given to `service::add_model`.
  std::string model;
  /// UTF-8, at most `bert::defaults::max_text_bytes`; shared, never copied.
  std::shared_ptr<const std::string> text;
  bert::decode_options how{};
  /// Pieces that windows of a long text share; the model's default when empty.
  std::optional<std::size_t> stride{};
  /// A text that still waits at this moment is answered "runtime.deadline_exceeded" unseen.
  deadline expires = deadline::max();
  /// Whether nobody wants the answer any more, asked before each batch with a part of the text: what is left of it is then not
  /// run. Quick, by any thread, and must not call the service; empty for never.
  std::function<bool()> abandoned{};
};

struct extraction {
  std::vector<bert::ner_span> spans;
  /// Word pieces, without special tokens, and windows the text was cut into.
  std::size_t tokens = 0;
  std::size_t windows = 0;
};

/// Takes the answer to one text; runs once, on an engine's thread or the caller's. Must not block:
/// the engine waits meanwhile. What it throws is logged and counted, and harms nobody else.
using extract_responder = std::function<void(reply<extraction>)>;

/// Who does the work.
enum class service_mode {
  /// Threads that the service owns.
  threads,
  /// The thread that calls `extract`, before that returns. For deterministic tests.
  on_call,
  /// The thread that calls `run_pending`. For deterministic tests of batching.
  manual
};

struct service_options {
  service_mode mode = service_mode::threads;
  /// 0 for one per processor. Each runs whole batches by itself.
  std::size_t threads = 0;
  /// Where nothing else waits and threads are idle, up to so many processors work on one batch, so that a lone text is
  /// answered sooner. 1 for never.
  std::size_t threads_per_batch = defaults::threads_per_batch;
  /// The most tokens of one batch.
  std::size_t batch_tokens = bert::defaults::batch_tokens;
  std::size_t max_waiting_texts = defaults::max_waiting_texts;
  std::size_t max_waiting_bytes = defaults::max_waiting_bytes;
  /// A text is due at its deadline, at the latest this long after it came; what is due first goes first.
  std::chrono::milliseconds patience = defaults::patience;
  std::chrono::milliseconds drain_bound = defaults::drain_bound;
  /// A model that did not load is tried again by the first text that comes this much later; twice
  /// as long after each failure in a row, up to the second figure.
  std::chrono::milliseconds load_backoff = defaults::load_backoff;
  std::chrono::milliseconds max_load_backoff = defaults::max_load_backoff;
};

/// Counters since start; together a snapshot of one moment.
struct service_stats {
  /// Texts that were answered with entities (or with none found).
  std::uint64_t texts = 0;
  /// Their word pieces.
  std::uint64_t tokens = 0;
  std::uint64_t batches = 0;
  /// Tokens that engines ran, special tokens and shared pieces included.
  std::uint64_t batch_tokens = 0;
  /// Time that all threads together spent in engines and decoding.
  double busy_seconds = 0;
  /// Texts refused at the door, dropped because their deadline passed, and failed otherwise.
  std::uint64_t rejected = 0;
  std::uint64_t expired = 0;
  std::uint64_t failed = 0;
  /// Texts accepted and not yet answered, and their bytes.
  std::uint64_t waiting = 0;
  std::uint64_t waiting_bytes = 0;
  /// Attempts to load a model, successful or not.
  std::uint64_t loads = 0;
  /// Responders that threw.
  std::uint64_t responder_exceptions = 0;
};

/// Serves several models to many callers: texts are cut into windows, windows of different callers
/// are batched as soon as a thread is free, and the answer to a text never depends on its batch
/// mates. Texts go in the order in which they are due, and a batch is no longer than the slack of its texts allows. Nothing
/// waits for a batch to fill up. All members may be called by any thread.
///
/// Failures (retryable: yes or no):
/// | type | when |
/// |---|---|
/// | ner.unknown_model (no) | no model of that name was added |
/// | ner.model_load_failed (no; yes for want of memory) | the model's folder does not load; says why.
///   Texts that come after the back-off try again |
/// | ner.bad_request (no) | text not UTF-8 or too long, or an impossible stride |
/// | ner.overloaded (yes) | too many texts or bytes wait |
/// | runtime.deadline_exceeded (yes) | the deadline passed before all of the text was run |
/// | ner.engine_failed (yes) | the engine ran out of memory, or its output was no number |
/// | ner.abandoned (no) | `extract_request::abandoned` said so |
/// | ner.stopping (no) | the service stops |
class service {
public:
  /// Starts threads; throws `std::system_error` where the system gives none.
  explicit service(service_options options = {});
  /// Calls `stop`.
  ~service();
  service(const service&) = delete;
  service& operator=(const service&) = delete;

  /// Makes the model in `model_dir` known as `name`. It is loaded at its first use, once, on a
  /// thread of the service. A name that exists already gets the new folder for texts that come
  /// later.
  void add_model(std::string name, std::filesystem::path model_dir,
                 bert::engine_options options = {});
  /// Loads a model now, on this thread, unless it is loaded; waits where another thread loads it.
  /// @returns `inference_errc::unknown_model`, `inference_errc::stopping`, or why it does not load.
  [[nodiscard]] result<void> load_model(const std::string& name);
  /// The same, and hands the model out.
  [[nodiscard]] result<std::shared_ptr<const bert::ner_model>> model(const std::string& name);
  [[nodiscard]] bool has_model(const std::string& name) const;
  /// Sorted.
  [[nodiscard]] std::vector<std::string> models() const;

  /// Finds the entities of one text; never blocks (except in mode `on_call`).
  void extract(extract_request request, extract_responder then);

  /// Mode `manual`: works until nothing waits. Otherwise does nothing.
  void run_pending();

  [[nodiscard]] service_stats stats() const;

  /// Refuses new texts, finishes those accepted, but no longer than the drain bound: the rest is
  /// answered "ner.stopping". Then ends the threads. May be called again; not by a responder.
  void stop();

private:
  class core;
  std::unique_ptr<core> core_;
};

} // namespace troupe::inference
