#pragma once

#include "kernels/bert/engine.hpp"
#include "kernels/result.hpp"
#include "tools/troupe/bench_ner_pool.hpp"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string_view>

namespace troupe::cli {

/// Carries out the commands of a driver that measures several engines side by side; `troupe bench serve --help` lists them.
/// Nothing is remembered from one command to the next but the model: the same text asked twice is computed twice. One
/// thread.
class ner_server {
public:
  ner_server(std::filesystem::path model, bert::precision precision)
      : model_{std::move(model)}, precision_{precision} {}

  /// @param line one command, a JSON object.
  /// @returns the answer, {"error":"..."} for whatever cannot be carried out; never throws because of `line`.
  [[nodiscard]] nlohmann::json answer(std::string_view line);

private:
  using json = nlohmann::json;

  [[nodiscard]] result<json> carry_out(const json& command);
  [[nodiscard]] result<json> load(const json& command);
  [[nodiscard]] result<json> run(const json& command);
  [[nodiscard]] result<json> latency(const json& command);

  std::filesystem::path model_;
  bert::precision precision_;
  std::unique_ptr<ner_pool> pool_;
  /// What `pool_` was made with.
  std::size_t threads_ = 0, workers_ = 0;
};

} // namespace troupe::cli
