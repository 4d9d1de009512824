#include "kernels/bert/engine_registry.hpp"

#include "kernels/bert/errors.hpp"
#include "kernels/cpu/engine.hpp"

#include <vector>

namespace troupe::bert {
namespace {

/// The first engine that agrees, or what each of them answered.
result<const engine_factory*> choose(const model_config& config, const engine_options& options,
                                     std::span<const engine_factory> engines) {
  std::string answers;
  for (const auto& candidate : engines) {
    if (options.device != "auto" && options.device != candidate.device) continue;
    const auto supported = candidate.supports(config, options);
    if (supported) return &candidate;
    answers += (answers.empty() ? "" : "; ") + candidate.device + ": " + supported.error().context;
  }
  if (!answers.empty()) return fail(bert_errc::unsupported, answers);
  std::string known;
  for (const auto& candidate : engines)
    known += ", " + candidate.device;
  return fail(bert_errc::bad_options,
              "no engine is called \"" + options.device + "\"; there are auto" + known);
}

} // namespace

std::span<const engine_factory> built_in_engines() {
  static const std::vector<engine_factory> all{cpu::factory()};
  return all;
}

result<std::shared_ptr<const engine>> load_engine(const std::filesystem::path& model_dir,
                                                  const engine_options& options,
                                                  std::span<const engine_factory> engines) {
  auto config = load_config(model_dir);
  if (!config) return tl::unexpected(config.error());
  const auto chosen = choose(*config, options, engines);
  if (!chosen) return tl::unexpected(chosen.error());
  auto weights = weight_reader::open(model_dir, std::move(*config));
  if (!weights) return tl::unexpected(weights.error());
  return (*chosen)->load(*weights, options);
}

result<std::shared_ptr<const engine>> load_engine(const std::filesystem::path& model_dir,
                                                  const engine_options& options) {
  return load_engine(model_dir, options, built_in_engines());
}

} // namespace troupe::bert
