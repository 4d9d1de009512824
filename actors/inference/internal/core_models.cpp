// The models of the service: known by name, loaded once, tried again after a failure.
#include "actors/inference/internal/core.hpp"
#include "actors/inference/internal/failures.hpp"
#include "kernels/bert/errors.hpp"

#include <algorithm>
#include <exception>
#include <spdlog/spdlog.h>
#include <utility>

namespace troupe::inference {
namespace {

using loaded_model = result<std::shared_ptr<const bert::ner_model>>;

/// @param threads that a batch may have at most.
loaded_model load_guarded(const model_slot& slot, std::size_t threads) {
  try {
    auto options = slot.options;
    if (threads > options.threads_per_stream)
      options.spare_threads_per_stream = threads - options.threads_per_stream;
    auto model = bert::ner_model::load(slot.model_dir, options);
    if (model)
      for (const auto& warning : (*model)->engine().warnings())
        spdlog::warn("{}", warning);
    return model;
  } catch (const std::exception& thrown) {
    return fail(bert::bert_errc::engine_failure, thrown.what());
  }
}

/// How long to leave a model alone that failed `failures` times in a row.
std::chrono::milliseconds backoff_after(std::uint32_t failures, const service_options& options) {
  auto wait = options.load_backoff;
  for (std::uint32_t i = 1; i < failures && wait < options.max_load_backoff; ++i)
    wait *= 2;
  return std::min(wait, options.max_load_backoff);
}

} // namespace

void service::core::add_model(std::string name, std::filesystem::path model_dir,
                              bert::engine_options options) {
  const lock held{mutex_};
  model_slot& slot = slots_.emplace_back();
  slot.name = name;
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
  names.reserve(names_.size());
  for (const auto& [name, slot] : names_)
    names.push_back(name);
  return names;
}

result<void> service::core::load_model(const std::string& name) {
  return model(name).map([](const auto&) {});
}

result<std::shared_ptr<const bert::ner_model>> service::core::model(const std::string& name) {
  lock held{mutex_};
  if (stopping_) return fail(inference_errc::stopping, "no model is loaded any more");
  const auto known = names_.find(name);
  if (known == names_.end())
    return fail(inference_errc::unknown_model, "there is no model named '" + name + "'");
  model_slot& slot = slots_[known->second];
  load_done_.wait(held, [&slot] { return slot.at != model_slot::stage::loading; });
  if (slot.at != model_slot::stage::ready) load(held, slot);
  if (slot.at == model_slot::stage::ready) return slot.model;
  return fail(slot.why.code, "model '" + name + "': " + slot.why.context);
}

void service::core::start_text(lock& held, const job_ptr& text) {
  model_slot& slot = slots_[text->slot];
  if (slot.at == model_slot::stage::ready) return prepare(held, text, slot.model);
  if (slot.at == model_slot::stage::failed && std::chrono::steady_clock::now() < slot.retry_at) {
    const failure why = model_load_failed(slot.name, slot.why);
    held.unlock();
    refuse(text, why);
    held.lock();
    return;
  }
  slot.waiting.push_back(text->id);
  if (slot.at != model_slot::stage::loading) load(held, slot);
}

void service::core::load(lock& held, model_slot& slot) {
  slot.at = model_slot::stage::loading;
  ++stats_.loads;
  held.unlock();
  auto model = load_guarded(slot, batch_threads_);
  held.lock();
  loaded(held, slot, std::move(model));
}

void service::core::loaded(lock& held, model_slot& slot, loaded_model model) {
  const auto waiting = std::exchange(slot.waiting, {});
  std::vector<job_ptr> refused;
  if (model) {
    slot.at = model_slot::stage::ready;
    slot.model = std::move(*model);
    for (const std::uint64_t id : waiting)
      if (const auto found = open_.find(id); found != open_.end())
        arrivals_.emplace(found->second->due, id);
  } else {
    slot.at = model_slot::stage::failed;
    slot.why = std::move(model.error());
    slot.retry_at = std::chrono::steady_clock::now() + backoff_after(++slot.failures, options_);
    for (const std::uint64_t id : waiting)
      if (const auto found = open_.find(id); found != open_.end()) refused.push_back(found->second);
  }
  load_done_.notify_all();
  call_all();
  const failure why = model_load_failed(slot.name, slot.why);
  held.unlock();
  for (const job_ptr& text : refused)
    refuse(text, why);
  held.lock();
}

} // namespace troupe::inference
