#include "kernels/cpu/engine.hpp"

#include "kernels/bert/errors.hpp"
#include "kernels/bert/quantization.hpp"
#include "kernels/cpu/defaults.hpp"
#include "kernels/cpu/internal/cpu_workspace.hpp"
#include "kernels/cpu/internal/forward.hpp"
#include "kernels/cpu/internal/packed_model.hpp"
#include "kernels/cpu/internal/weights_cache.hpp"
#include "kernels/cpu/probe.hpp"

#include <cstdlib>
#include <new>
#include <system_error>
#include <utility>

namespace troupe::cpu {
namespace {

using bert::bert_errc;
using bert::precision;

/// What `work` returns, with the exceptions of the allocator and of threads turned into errors.
template <class Work>
auto guarded(Work work) -> decltype(work()) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return fail(bert_errc::engine_failure, "not enough memory");
  } catch (const std::system_error& problem) {
    return fail(bert_errc::engine_failure, std::string{"threads of a stream: "} + problem.what());
  }
}

class cpu_engine final : public bert::engine {
public:
  cpu_engine(packed_model model, bert::model_config config, std::vector<std::string> warnings,
             precision used, stream_threads threads, bool onednn)
      : model_{std::move(model)}, config_{std::move(config)}, warnings_{std::move(warnings)},
        used_{used}, threads_{threads}, onednn_{onednn}, kernels_{kernels_of(probe())} {}

  [[nodiscard]] const bert::model_config& config() const override { return config_; }
  [[nodiscard]] precision used_precision() const override { return used_; }

  [[nodiscard]] std::span<const std::string> warnings() const override { return warnings_; }

  [[nodiscard]] std::string name() const override {
    const std::string by{onednn_ ? std::string_view{"oneDNN"}
                                 : kernels_.of(element_of(used_)).name};
    return "cpu: " + std::string{to_string(used_)} + " on " + by + ", " + simd_target();
  }

  [[nodiscard]] result<std::unique_ptr<bert::workspace>>
  make_workspace(std::size_t max_tokens) const override {
    if (max_tokens == 0 || max_tokens > defaults::max_workspace_tokens)
      return fail(bert_errc::bad_options, "a workspace takes 1 to " +
                                              std::to_string(defaults::max_workspace_tokens) +
                                              " tokens, not " + std::to_string(max_tokens));
    return guarded([&]() -> result<std::unique_ptr<bert::workspace>> {
      return std::make_unique<cpu_workspace>(model_, config_, max_tokens, threads_, onednn_);
    });
  }

private:
  [[nodiscard]] result<void> run(const bert::packed_batch& batch, bert::workspace& scratch,
                                 std::span<float> logits,
                                 const bert::hidden_observer* observe) const override {
    auto* own = dynamic_cast<cpu_workspace*>(&scratch);
    if (!own || own->model != &model_)
      return fail(bert_errc::bad_batch, "the workspace was made by another engine");
    return guarded([&]() -> result<void> {
      forward({model_, config_, kernels_}, batch, *own, logits, observe);
      return {};
    });
  }

  packed_model model_;
  bert::model_config config_;
  std::vector<std::string> warnings_;
  precision used_;
  stream_threads threads_;
  bool onednn_;
  kernel_set kernels_;
};

/// Whether oneDNN multiplies. @returns `bad_options` for a value of the variable that means nothing.
result<bool> by_onednn(const bert::engine_options& options) {
  if (options.products != bert::product_library::automatic)
    return options.products == bert::product_library::onednn;
  const char* named = std::getenv("TROUPE_PRODUCTS");
  const std::string_view wanted{named ? named : ""};
  if (wanted.empty() || wanted == "own") return false;
  if (wanted == "onednn") return true;
  return fail(bert_errc::bad_options,
              "TROUPE_PRODUCTS is \"" + std::string{wanted} + "\"; it may be own or onednn");
}

result<void> supports(const bert::model_config&, const bert::engine_options& options) {
  if (options.threads_per_stream == 0 || options.threads_per_stream > defaults::max_threads ||
      options.spare_threads_per_stream > defaults::max_threads - options.threads_per_stream)
    return fail(bert_errc::bad_options,
                "threads_per_stream must be 1 to " + std::to_string(defaults::max_threads) +
                    " with the spare ones, not " + std::to_string(options.threads_per_stream) +
                    " and " + std::to_string(options.spare_threads_per_stream));
  const auto machine = probe();
  if (options.wanted == precision::bf16 && !machine.bf16)
    return fail(bert_errc::unsupported, "bf16 needs AVX512-BF16 or AMX, but this machine has " +
                                            machine.matmul_isa + "; ask for fp32 or int8");
  if (const auto known = by_onednn(options); !known) return tl::unexpected(known.error());
  return {};
}

/// What runs, and which products of it are not int8.
struct plan {
  precision used = precision::fp32;
  std::vector<bert::product_name> kept;
};

/// What quantization.json says of these very weights; what is of others counts as nothing, with a warning.
result<std::optional<bert::quantization>> quantization_of(bert::weight_reader& weights) {
  auto found = bert::load_quantization(weights.model_dir(), weights.config().num_layers);
  if (!found || !*found) return found;
  const auto fingerprint = bert::fingerprint_of(weights.files());
  if (!fingerprint) return tl::unexpected(fingerprint.error());
  if (*fingerprint == (*found)->fingerprint) return found;
  weights.warn(weights.model_dir().string() +
               ": quantization.json is of other weights and does not count; make it again with "
               "troupe model quantize");
  return std::nullopt;
}

result<plan> make_plan(bert::weight_reader& weights, const bert::engine_options& options) {
  const auto machine = probe();
  plan made{options.wanted, options.kept_products.value_or(std::vector<bert::product_name>{})};
  if (made.used == precision::fp32 || made.used == precision::bf16) return made;
  if (!options.kept_products) {
    const auto found = quantization_of(weights);
    if (!found) return tl::unexpected(found.error());
    const bool vouched = *found && !(*found)->forced && (machine.vnni || machine.amx);
    if (made.used == precision::automatic && vouched) made.used = precision::int8;
    if (*found) made.kept = (*found)->kept;
  }
  if (made.used == precision::automatic) made.used = machine.automatic;
  for (const auto& name : made.kept)
    if (name.layer >= weights.config().num_layers)
      return fail(bert_errc::bad_options, "the model has no " + to_string(name));
  return made;
}

result<std::shared_ptr<const bert::engine>> load(bert::weight_reader& weights,
                                                 const bert::engine_options& options) {
  return guarded([&]() -> result<std::shared_ptr<const bert::engine>> {
    const auto how = make_plan(weights, options);
    if (!how) return tl::unexpected(how.error());
    const auto better = probe().bf16 ? element::bf16 : element::fp32;
    auto model = weights_cache{options.cache_dir}.load(
        weights, types_of(weights.config(), how->used, how->kept, better));
    if (!model) return tl::unexpected(model.error());
    return std::make_shared<const cpu_engine>(
        std::move(*model), weights.config(), weights.warnings(), how->used,
        stream_threads{options.threads_per_stream, options.spare_threads_per_stream},
        by_onednn(options).value_or(false));
  });
}

} // namespace

bert::engine_factory factory() {
  return {"cpu", supports, load};
}

} // namespace troupe::cpu
