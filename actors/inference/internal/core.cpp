#include "actors/inference/internal/core.hpp"

#include "actors/inference/internal/failures.hpp"
#include "kernels/bert/errors.hpp"

#include <algorithm>
#include <exception>
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

service::core::core(service_options options) : options_(options), batcher_(options.batch_tokens) {
  for (std::size_t i = thread_count(options_); i > 0; --i)
    threads_.emplace_back([this] { run_thread(); });
}

void service::core::add_model(std::string name, std::filesystem::path model_dir,
                              bert::engine_options options) {
  const lock held{mutex_};
  model_slot& slot = slots_.emplace_back();
  slot.model_dir = std::move(model_dir);
  slot.options = std::move(options);
  names_.insert_or_assign(std::move(name), slots_.size() - 1);
}

bool service::core::has_model(const std::string& name) const {
  const lock held{mutex_};
  return names_.contains(name);
}

std::vector<std::string> service::core::models() const {
  const lock held{mutex_};
  std::vector<std::string> names;
  for (const auto& [name, slot] : names_)
    names.push_back(name);
  return names;
}

service_stats service::core::stats() const {
  const lock held{mutex_};
  service_stats now = stats_;
  now.waiting = open_.size();
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
  {
    lock held{mutex_};
    if (auto admitted = admit(request); !admitted) {
      ++stats_.rejected;
      held.unlock();
      return then(tl::unexpected(std::move(admitted.error())));
    }
    auto text = std::make_shared<job>();
    text->id = next_id_++;
    text->slot = names_.at(request.model);
    text->request = std::move(request);
    text->then = std::move(then);
    waiting_bytes_ += text->request.text->size();
    ++unanswered_;
    open_.emplace(text->id, text);
    arrivals_.push_back(std::move(text));
  }
  work_.notify_one();
  if (options_.mode == service_mode::on_call) run_pending();
}

// -- work is done --------------------------------------------------------------------------------

void service::core::run_thread() {
  worker by;
  lock held{mutex_};
  while (!closing_) {
    if (step(held, by)) continue;
    ++idle_threads_;
    work_.wait(held, [this] { return closing_ || !arrivals_.empty() || !batcher_.empty(); });
    --idle_threads_;
  }
}

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
  // Tokenising is much cheaper than running a model, so it keeps a full batch in stock.
  if (!arrivals_.empty() && batcher_.waiting_tokens() < options_.batch_tokens) {
    const job_ptr text = std::move(arrivals_.front());
    arrivals_.pop_front();
    start_text(held, text);
    return true;
  }
  if (batcher_.empty()) return false;
  run_batch(held, by);
  return true;
}

void service::core::start_text(lock& held, const job_ptr& text) {
  model_slot& slot = slots_[text->slot];
  switch (slot.at) {
  case model_slot::stage::unloaded:
    slot.waiting.push_back(text);
    return load(held, slot);
  case model_slot::stage::loading:
    slot.waiting.push_back(text);
    return;
  case model_slot::stage::ready:
    return prepare(held, text, slot.model);
  case model_slot::stage::failed:
    const failure why = slot.why;
    held.unlock();
    refuse(text, why);
    held.lock();
  }
}

void service::core::load(lock& held, model_slot& slot) {
  slot.at = model_slot::stage::loading;
  held.unlock();
  auto loaded = guarded([&] { return bert::ner_model::load(slot.model_dir, slot.options); });
  held.lock();
  slot.at = loaded ? model_slot::stage::ready : model_slot::stage::failed;
  if (loaded)
    slot.model = std::move(*loaded);
  else
    slot.why = model_load_failed(slot.waiting.front()->request.model, loaded.error());
  arrivals_.insert(arrivals_.begin(), slot.waiting.begin(), slot.waiting.end());
  slot.waiting.clear();
  work_.notify_all();
}

void service::core::prepare(lock& held, const job_ptr& text,
                            std::shared_ptr<const bert::ner_model> model) {
  held.unlock();
  const bool runs = tokenise(text, std::move(model));
  held.lock();
  if (!runs || text->answered) return;
  text->windows_left = text->prepared.windows.size();
  for (std::size_t i = 0; i < text->windows_left; ++i)
    batcher_.push(text->slot,
                  {text->id, i, text->prepared.windows[i].size(), text->request.expires});
  work_.notify_all();
}

bool service::core::tokenise(const job_ptr& text, std::shared_ptr<const bert::ner_model> model) {
  if (text->request.expires <= now()) return refuse(text, deadline_exceeded()), false;
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

std::vector<job_window> service::core::claim(const std::vector<waiting_window>& windows) const {
  std::vector<job_window> claimed;
  for (const waiting_window& window : windows)
    if (const auto found = open_.find(window.request); found != open_.end())
      claimed.push_back({found->second, window.window});
  return claimed;
}

void service::core::run_batch(lock& held, worker& by) {
  const batch next = batcher_.take(fair_share(), now());
  const auto late = claim(next.expired), windows = claim(next.windows);
  held.unlock();
  for (const auto& part : late)
    refuse(part.owner, deadline_exceeded());
  if (!windows.empty()) run_windows(by, next.model, windows);
  held.lock();
}

void service::core::run_windows(worker& by, std::size_t slot, std::span<const job_window> windows) {
  const auto began = std::chrono::steady_clock::now();
  if (auto ran = guarded([&] { return classify(by, slot, windows); }); !ran) {
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

void service::core::answer(const job_ptr& text, reply<extraction> outcome) {
  {
    const lock held{mutex_};
    if (std::exchange(text->answered, true)) return;
    open_.erase(text->id);
    waiting_bytes_ -= text->request.text->size();
    if (outcome) {
      ++stats_.texts;
      stats_.tokens += outcome->tokens;
    } else {
      ++(outcome.error().type == "runtime.deadline_exceeded" ? stats_.expired : stats_.failed);
    }
  }
  text->then(std::move(outcome));
  const lock held{mutex_};
  if (--unanswered_ == 0) drained_.notify_all();
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
    closing_ = true;
    for (const auto& [id, text] : open_)
      left.push_back(text);
  }
  work_.notify_all();
  for (const job_ptr& text : left)
    refuse(text, stopping());
  for (std::thread& thread : threads_)
    thread.join();
  threads_.clear();
}

} // namespace troupe::inference
