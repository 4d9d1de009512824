#include "actors/inference/internal/core.hpp"

#include "actors/inference/internal/failures.hpp"
#include "kernels/bert/errors.hpp"

#include <algorithm>
#include <exception>
#include <spdlog/spdlog.h>
#include <utility>

namespace troupe::inference {
namespace {

deadline now() {
  return std::chrono::system_clock::now();
}

std::size_t thread_count(const service_options& options) {
  if (options.mode != service_mode::threads) return 0;
  if (options.threads != 0) return options.threads;
  return std::max(1U, std::thread::hardware_concurrency());
}

/// Keeps what a token takes: the mean of the last few batches.
void note_pace(model_slot& slot, std::chrono::duration<double> took, std::size_t tokens) {
  if (tokens == 0) return;
  const auto now = std::chrono::duration_cast<std::chrono::nanoseconds>(took) / tokens;
  slot.per_token = slot.per_token == slot.per_token.zero() ? now : (3 * slot.per_token + now) / 4;
}

/// `work`'s result; an exception (memory, mostly) becomes `engine_failure`.
template <class F>
auto guarded(F work) -> decltype(work()) {
  try {
    return work();
  } catch (const std::exception& thrown) {
    return fail(bert::bert_errc::engine_failure, thrown.what());
  }
}

} // namespace

service::core::core(service_options options)
    : options_(options),
      batch_threads_(std::clamp<std::size_t>(options.threads_per_batch, 1,
                                             std::max<std::size_t>(1, thread_count(options)))),
      batcher_(options.batch_tokens) {
  try {
    for (std::size_t i = thread_count(options_); i > 0; --i)
      threads_.emplace_back([this] { run_thread(); });
  } catch (...) {
    end_threads();
    throw;
  }
}

service::core::~core() {
  stop();
}

service_stats service::core::stats() const {
  const lock held{mutex_};
  service_stats now = stats_;
  now.waiting = open_.size();
  now.waiting_bytes = waiting_bytes_;
  return now;
}

// -- texts come in -------------------------------------------------------------------------------

reply<void> service::core::admit(const extract_request& request) const {
  if (stopping_) return tl::unexpected(stopping());
  if (!names_.contains(request.model)) return tl::unexpected(unknown_model(request.model));
  if (open_.size() >= options_.max_waiting_texts ||
      waiting_bytes_ + request.text->size() > options_.max_waiting_bytes)
    return tl::unexpected(overloaded(open_.size(), waiting_bytes_));
  return {};
}

void service::core::extract(extract_request request, extract_responder then) {
  bool notify = false;
  {
    lock held{mutex_};
    if (auto admitted = admit(request); !admitted) {
      ++stats_.rejected;
      held.unlock();
      return respond(then, tl::unexpected(std::move(admitted.error())));
    }
    auto text = std::make_shared<job>();
    text->id = next_id_++;
    text->slot = names_.at(request.model);
    text->request = std::move(request);
    text->then = std::move(then);
    text->due = std::min(text->request.expires, now() + options_.patience);
    waiting_bytes_ += text->request.text->size();
    ++unanswered_;
    if (text->request.expires != deadline::max())
      deadlines_.emplace(text->request.expires, text->id);
    if (!equal_.join(text)) arrivals_.emplace(text->due, text->id);
    open_.emplace(text->id, std::move(text));
    notify = call_one();
  }
  if (notify) work_.notify_one();
  if (options_.mode == service_mode::on_call) run_pending();
}

// -- work is done --------------------------------------------------------------------------------

void service::core::run_pending() {
  if (options_.mode == service_mode::threads) return;
  lock held{mutex_};
  if (running_pending_) return; // a responder asks for more: the loop below comes to it
  running_pending_ = true;
  while (step(held, own_worker_)) {
  }
  running_pending_ = false;
}

bool service::core::step(lock& held, worker& by) {
  expire(held);
  if (wants_text())
    if (const job_ptr text = next_arrival()) {
      start_text(held, text);
      return true;
    }
  if (batcher_.empty()) return false;
  run_batch(held, by);
  return true;
}

bool service::core::wants_text() const {
  if (arrivals_.empty()) return false;
  // Tokenising is much cheaper than running a model, so it keeps a full batch in stock.
  return batcher_.waiting_tokens() < options_.batch_tokens ||
         arrivals_.begin()->first < batcher_.first_due();
}

void service::core::expire(lock& held) {
  std::vector<job_ptr> late;
  const auto by = now();
  for (auto each = deadlines_.begin(); each != deadlines_.end() && each->first <= by; ++each)
    late.push_back(open_.at(each->second));
  if (late.empty()) return;
  held.unlock();
  for (const job_ptr& text : late)
    refuse(text, deadline_exceeded());
  held.lock();
}

job_ptr service::core::next_arrival() {
  while (!arrivals_.empty()) {
    const auto found = open_.find(arrivals_.begin()->second);
    arrivals_.erase(arrivals_.begin());
    if (found != open_.end()) return found->second;
  }
  return nullptr;
}

void service::core::prepare(lock& held, const job_ptr& text,
                            std::shared_ptr<const bert::ner_model> model) {
  held.unlock();
  const bool runs = tokenise(text, std::move(model));
  held.lock();
  if (!runs || text->answered) return;
  text->windows_left = text->prepared.windows.size();
  for (std::size_t i = 0; i < text->windows_left; ++i)
    batcher_.push(text->slot, {text->id, i, text->prepared.windows[i].size(), text->request.expires,
                               text->due});
  if (text->windows_left > 1) call_all(); // this thread takes the next window itself
}

bool service::core::tokenise(const job_ptr& text, std::shared_ptr<const bert::ner_model> model) {
  auto prepared = guarded([&]() -> result<void> {
    auto made = model->prepare(*text->request.text, {.stride = text->request.stride});
    if (!made) return tl::unexpected(std::move(made.error()));
    text->prepared = std::move(*made);
    text->spans.emplace(model->collect(text->prepared, text->request.how));
    return {};
  });
  if (!prepared) return refuse(text, text_failed(prepared.error())), false;
  text->model = std::move(model);
  if (text->prepared.windows.empty()) return finish(text), false;
  return true;
}

std::size_t service::core::fair_share() const {
  const std::size_t takers = idle_threads_ + 1;
  return (batcher_.waiting_tokens() + takers - 1) / takers;
}

std::size_t service::core::threads_for_batch() const {
  if (!batcher_.empty() || !arrivals_.empty()) return 1;
  return std::min(batch_threads_, idle_threads_ + 1);
}

std::vector<job_window> service::core::claim(const std::vector<waiting_window>& windows) const {
  std::vector<job_window> claimed;
  for (const waiting_window& window : windows)
    if (const auto found = open_.find(window.request); found != open_.end())
      claimed.push_back({found->second, window.window});
  return claimed;
}

std::vector<job_ptr> service::core::drop_abandoned(std::vector<job_window>& windows) {
  std::vector<job_ptr> dropped;
  std::erase_if(windows, [&](const job_window& part) {
    const bool known = !dropped.empty() && dropped.back() == part.owner; // its windows lie together
    if (!known && (!part.owner->request.abandoned || !part.owner->request.abandoned()))
      return false;
    if (!known) dropped.push_back(part.owner);
    return true;
  });
  return dropped;
}

void service::core::run_batch(lock& held, worker& by) {
  const auto& pace = slots_[batcher_.next_model()].per_token;
  const batch next = batcher_.take({fair_share(), pace}, now());
  const auto late = claim(next.expired);
  auto windows = claim(next.windows);
  by.threads = threads_for_batch();
  held.unlock();
  for (const auto& part : late)
    refuse(part.owner, deadline_exceeded());
  for (const job_ptr& text : drop_abandoned(windows))
    refuse(text, abandoned());
  if (!windows.empty()) run_windows(by, next.model, windows);
  held.lock();
}

void service::core::run_windows(worker& by, std::size_t slot, std::span<const job_window> windows) {
  const auto began = std::chrono::steady_clock::now();
  const auto ran = guarded([&] { return classify(by, slot, windows); });
  if (!ran) {
    for (const auto& part : windows)
      refuse(part.owner, text_failed(ran.error()));
  } else {
    for (std::size_t i = 0; i < windows.size(); ++i)
      decode(windows[i], by.batch.logits(i));
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;

  std::vector<job_ptr> complete;
  {
    const lock held{mutex_};
    ++stats_.batches;
    stats_.batch_tokens += by.batch.tokens();
    stats_.busy_seconds += took.count();
    if (ran) note_pace(slots_[slot], took, by.batch.tokens());
    for (const auto& part : windows)
      if (--part.owner->windows_left == 0) complete.push_back(part.owner);
  }
  for (const job_ptr& text : complete)
    finish(text);
}

result<void> service::core::classify(worker& by, std::size_t slot,
                                     std::span<const job_window> windows) const {
  const bert::ner_model& model = *windows.front().owner->model;
  auto& scratch = by.scratch[slot];
  if (!scratch) {
    const std::size_t tokens = std::max(options_.batch_tokens, model.max_length());
    auto made = model.engine().make_workspace(tokens);
    if (!made) return tl::unexpected(std::move(made.error()));
    scratch = std::move(*made);
  }
  scratch->use_threads(by.threads);
  by.batch.clear();
  for (const auto& [owner, window] : windows)
    by.batch.add(owner->prepared.windows[window]);
  return by.batch.classify(model.engine(), *scratch);
}

void service::core::decode(const job_window& part, std::span<const float> logits) {
  job& owner = *part.owner;
  const auto decoded = guarded([&] {
    const std::lock_guard decoding{owner.decoding};
    return owner.model->decode(owner.prepared, part.window, logits, *owner.spans);
  });
  if (!decoded) refuse(part.owner, text_failed(decoded.error()));
}

// -- texts are answered --------------------------------------------------------------------------

void service::core::finish(const job_ptr& text) {
  {
    const lock held{mutex_};
    if (text->answered) return;
  }
  auto spans =
      guarded([&]() -> result<std::vector<bert::ner_span>> { return text->spans->finish(); });
  if (!spans) return refuse(text, text_failed(spans.error()));
  answer(text, extraction{std::move(*spans), text->prepared.pieces, text->prepared.windows.size()});
}

void service::core::refuse(const job_ptr& text, failure why) {
  answer(text, tl::unexpected(std::move(why)));
}

void service::core::arrive_again(const std::vector<job_ptr>& joined) {
  if (joined.empty()) return;
  for (const job_ptr& text : joined)
    if (!text->answered && !equal_.join(text)) arrivals_.emplace(text->due, text->id);
  if (call_one()) work_.notify_one();
}

void service::core::answer(const job_ptr& text, reply<extraction> outcome) {
  std::vector<job_ptr> joined;
  {
    const lock held{mutex_};
    if (std::exchange(text->answered, true)) return;
    joined = equal_.release(*text);
    // What failed otherwise would fail for its equals, too.
    if (!outcome && concerns_one_requester(outcome.error()))
      arrive_again(std::exchange(joined, {}));
    open_.erase(text->id);
    deadlines_.erase({text->request.expires, text->id});
    waiting_bytes_ -= text->request.text->size();
    if (outcome) {
      ++stats_.texts;
      stats_.tokens += outcome->tokens;
    } else {
      ++(outcome.error().type == "runtime.deadline_exceeded" ? stats_.expired : stats_.failed);
    }
  }
  for (const job_ptr& equal : joined)
    answer(equal, outcome);
  respond(text->then, std::move(outcome));
  const lock held{mutex_};
  if (--unanswered_ == 0) drained_.notify_all();
}

void service::core::respond(const extract_responder& then, reply<extraction> outcome) {
  std::string why = "something that is no std::exception";
  try {
    return then(std::move(outcome));
  } catch (const std::exception& thrown) {
    why = thrown.what();
  } catch (...) {
  }
  spdlog::error("a responder of the inference service threw: {}", why);
  const lock held{mutex_};
  ++stats_.responder_exceptions;
}

void service::core::stop() {
  const std::lock_guard once{stop_once_};
  {
    lock held{mutex_};
    stopping_ = true;
    if (options_.mode == service_mode::threads)
      drained_.wait_for(held, options_.drain_bound, [this] { return unanswered_ == 0; });
  }
  run_pending();
  std::vector<job_ptr> left;
  {
    const lock held{mutex_};
    for (const auto& [id, text] : open_)
      left.push_back(text);
  }
  for (const job_ptr& text : left)
    refuse(text, stopping());
  end_threads();
}

} // namespace troupe::inference
