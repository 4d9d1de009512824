#pragma once

#include "actors/inference/batcher.hpp"
#include "actors/inference/internal/equal_jobs.hpp"
#include "actors/inference/internal/job.hpp"
#include "actors/inference/service.hpp"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

namespace troupe::inference {

/// The service behind its interface. A text moves from `arrivals_` (to be tokenised) over
/// `batcher_` (windows to be run) to its answer; `open_` alone owns it until then, so that an answer
/// of whatever kind frees it wherever it waits. Threads take whatever step comes next, holding the
/// mutex only between the steps.
class service::core {
public:
  /// Throws `std::system_error` when a thread cannot be started.
  explicit core(service_options options);
  ~core();
  core(const core&) = delete;
  core& operator=(const core&) = delete;

  void add_model(std::string name, std::filesystem::path model_dir, bert::engine_options options);
  [[nodiscard]] result<void> load_model(const std::string& name);
  [[nodiscard]] result<std::shared_ptr<const bert::ner_model>> model(const std::string& name);
  [[nodiscard]] bool has_model(const std::string& name) const;
  [[nodiscard]] std::vector<std::string> models() const;
  void extract(extract_request request, extract_responder then);
  void run_pending();
  [[nodiscard]] service_stats stats() const;
  void stop();

private:
  using lock = std::unique_lock<std::mutex>;

  void run_thread();
  void await_work(lock& held);
  /// Looks for work for a moment without the lock, since waking a thread takes long beside a short text's way.
  void look_for_work(lock& held);
  /// One thread is needed. The mutex is held. @returns whether a sleeping one must be notified: none looks.
  [[nodiscard]] bool call_one();
  /// All are needed. The mutex is held.
  void call_all();
  /// Does one piece of work; the mutex is held before and after, not during. @returns false when
  /// there is none.
  bool step(lock& held, worker& by);

  /// Answers the texts whose deadline has passed, wherever they wait.
  void expire(lock& held);
  /// Whether a text should be tokenised before anything that waits for an engine is run.
  [[nodiscard]] bool wants_text() const;
  /// The text that is due first and still waits, or nullptr.
  [[nodiscard]] job_ptr next_arrival();
  void start_text(lock& held, const job_ptr& text);
  void load(lock& held, model_slot& slot);
  /// What became of a load, written down; the texts that waited for it go on or are refused.
  void loaded(lock& held, model_slot& slot, result<std::shared_ptr<const bert::ner_model>> model);
  void prepare(lock& held, const job_ptr& text, std::shared_ptr<const bert::ner_model> model);
  /// Cuts the text into windows. @returns false when that answered it already.
  bool tokenise(const job_ptr& text, std::shared_ptr<const bert::ner_model> model);
  void run_batch(lock& held, worker& by);
  /// The windows whose texts still wait for an answer.
  [[nodiscard]] std::vector<job_window> claim(const std::vector<waiting_window>& windows) const;
  /// Takes out those whose text nobody wants any more. @returns their texts.
  static std::vector<job_ptr> drop_abandoned(std::vector<job_window>& windows);
  void run_windows(worker& by, std::size_t slot, std::span<const job_window> windows);
  [[nodiscard]] result<void> classify(worker& by, std::size_t slot,
                                      std::span<const job_window> windows) const;
  /// Threads for the next batch: also those of idle processors where nothing is left for them.
  [[nodiscard]] std::size_t threads_for_batch() const;
  void decode(const job_window& part, std::span<const float> logits);

  [[nodiscard]] std::size_t fair_share() const;
  [[nodiscard]] reply<void> admit(const extract_request& request) const;
  /// Answers each once; the mutex must not be held.
  void finish(const job_ptr& text);
  void refuse(const job_ptr& text, failure why);
  void answer(const job_ptr& text, reply<extraction> outcome);
  /// Texts that had joined one whose deadline passed: the first that still waits leads the others. The mutex is held.
  void arrive_again(const std::vector<job_ptr>& joined);
  /// Calls a responder; the mutex must not be held. Nothing that it throws gets out.
  void respond(const extract_responder& then, reply<extraction> outcome);
  void end_threads();

  const service_options options_;
  const std::size_t batch_threads_; // the most that work on one batch

  mutable std::mutex mutex_;
  std::condition_variable work_, drained_, load_done_;
  std::map<std::string, std::size_t> names_;
  std::deque<model_slot> slots_; // only grows, so that references stay valid
  // When they are due, and who; those that joined an equal text are not among them.
  std::set<std::pair<deadline, std::uint64_t>> arrivals_;
  batcher batcher_;
  equal_jobs equal_;
  std::unordered_map<std::uint64_t, job_ptr> open_;
  std::set<std::pair<deadline, std::uint64_t>> deadlines_; // of those in `open_` that have one
  std::uint64_t next_id_ = 1;
  std::size_t waiting_bytes_ = 0;
  std::size_t unanswered_ = 0; // until their responders have returned
  std::size_t idle_threads_ = 0;
  bool looking_ = false; // whether a thread looks for work, and nobody called it yet
  std::atomic<std::uint64_t> calls_ = 0;
  bool stopping_ = false, closing_ = false;
  bool running_pending_ = false;
  service_stats stats_;

  worker own_worker_; // of modes without threads
  std::mutex stop_once_;
  std::vector<std::thread> threads_;
};

} // namespace troupe::inference
