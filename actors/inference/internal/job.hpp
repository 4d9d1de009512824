#pragma once

#include "actors/inference/service.hpp"
#include "kernels/bert/ner_model.hpp"
#include "kernels/bert/packed_windows.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace troupe::inference {

/// One accepted text on its way: arrived, prepared, its windows run, answered.
struct job {
  std::uint64_t id = 0;
  /// Which `model_slot` serves it.
  std::size_t slot = 0;
  extract_request request;
  extract_responder then;
  /// By when its turn should come.
  deadline due = deadline::max();

  // Written by the thread that prepares the text, before its windows are queued.
  std::shared_ptr<const bert::ner_model> model;
  bert::prepared_text prepared;
  std::optional<bert::span_collector> spans;

  /// Guards `spans` while windows are decoded: several threads may run windows of one text.
  std::mutex decoding;

  // Guarded by the service's mutex.
  std::size_t windows_left = 0;
  bool answered = false;
};

using job_ptr = std::shared_ptr<job>;

/// A window of a job that is being run.
struct job_window {
  job_ptr owner;
  std::size_t window = 0;
};

/// A model that the service knows by name. What follows `options` is guarded by the service's mutex.
struct model_slot {
  enum class stage { unloaded, loading, ready, failed };

  std::string name;
  std::filesystem::path model_dir;
  bert::engine_options options;

  stage at = stage::unloaded;
  std::shared_ptr<const bert::ner_model> model;
  /// What a token took lately, engine and decoding; 0 before the first batch.
  std::chrono::nanoseconds per_token{0};
  /// Why it is `failed`, how often in a row, and when a text may try again.
  error why;
  std::uint32_t failures = 0;
  std::chrono::steady_clock::time_point retry_at{};
  /// Texts that wait for the end of `loading`.
  std::vector<std::uint64_t> waiting;
};

/// What one thread of the service owns.
struct worker {
  /// How many may work on its batch, itself included.
  std::size_t threads = 1;
  bert::packed_windows batch;
  std::map<std::size_t, std::unique_ptr<bert::workspace>> scratch; // by slot
};

} // namespace troupe::inference
