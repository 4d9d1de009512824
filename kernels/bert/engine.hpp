#pragma once

#include "kernels/bert/config.hpp"
#include "kernels/bert/quantization.hpp"
#include "kernels/result.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::bert {

/// Arithmetic of the matrix products. `automatic` is the fastest one whose answers are vouched for: bf16 where it is faster
/// than fp32, and int8 where the processor has products for it and quantization.json in the model's folder says that its
/// answers were within the bounds.
enum class precision { automatic, fp32, bf16, int8 };

[[nodiscard]] std::string_view to_string(precision value);

/// Sequences back to back, without padding. The spans are read during the call only.
struct packed_batch {
  /// [tokens] each in [0, vocab_size).
  std::span<const std::int32_t> token_ids;
  /// [tokens] each in [0, type_vocab_size).
  std::span<const std::int32_t> token_type_ids;
  /// [sequences + 1] rising: sequence i owns tokens [cu_seqlens[i], cu_seqlens[i + 1]). Starts at 0
  /// and ends at the number of tokens; no sequence is empty or longer than max_positions. Empty
  /// means no sequence at all.
  std::span<const std::uint32_t> cu_seqlens;
};

/// The scratch memory of one caller of an engine, allocated once. Serves one call at a time and
/// only the engine that made it, which must outlive it.
class workspace {
public:
  workspace() = default;
  workspace(const workspace&) = delete;
  workspace& operator=(const workspace&) = delete;
  virtual ~workspace() = default;

  /// The most tokens that one batch may have.
  [[nodiscard]] virtual std::size_t max_tokens() const = 0;

  /// From now on at most so many threads work on a batch, of those that `engine_options` gave, the spare ones included; it
  /// changes how long a batch takes and never its logits. Not during a call. Engines without such threads ignore it.
  virtual void use_threads(std::size_t /*count*/) {}
};

/// Sees the hidden states of a batch: layer 0 is the embedding after its LayerNorm, layer i the
/// output of encoder layer i. `hidden` is [some tokens from first_token on, hidden_size] float32,
/// valid during the call only; engines may work through a batch in pieces, and every token is seen
/// once per layer. For tests and diagnosis: it never changes the logits.
using hidden_observer =
    std::function<void(std::size_t layer, std::size_t first_token, std::span<const float> hidden)>;

/// A loaded model on a device. Immutable, so any number of threads may share it, each with its own
/// workspace. The logits of a sequence never depend on what else is in its batch.
class engine {
public:
  engine() = default;
  engine(const engine&) = delete;
  engine& operator=(const engine&) = delete;
  virtual ~engine() = default;

  [[nodiscard]] virtual const model_config& config() const = 0;
  /// What runs, never `automatic`.
  [[nodiscard]] virtual precision used_precision() const = 0;
  /// Library, instruction set and precision for logs, e.g. "cpu: oneDNN 3.2.0, avx512_core_amx,
  /// bf16".
  [[nodiscard]] virtual std::string name() const = 0;

  /// What loading found odd but did not refuse, one line each for a person: weights that are no finite
  /// numbers. Valid as long as the engine.
  [[nodiscard]] virtual std::span<const std::string> warnings() const { return {}; }

  /// Scratch memory for batches of up to `max_tokens` tokens.
  /// @returns `bad_options` when `max_tokens` is 0 or absurd, `engine_failure` when memory is
  /// short.
  [[nodiscard]] virtual result<std::unique_ptr<workspace>>
  make_workspace(std::size_t max_tokens) const = 0;

  /// Computes the logits of every token. Blocks its thread; allocates nothing.
  /// @param logits [tokens, labels] float32, row-major, exactly that size; unspecified after an
  /// error.
  /// @param observe see `hidden_observer`; nullptr for none.
  /// @returns `bad_batch` naming the first offending place, or `engine_failure`.
  [[nodiscard]] result<void> classify(const packed_batch& batch, workspace& scratch,
                                      std::span<float> logits,
                                      const hidden_observer* observe = nullptr) const;

private:
  /// `classify` after its arguments were checked; the batch has at least one token.
  [[nodiscard]] virtual result<void> run(const packed_batch& batch, workspace& scratch,
                                         std::span<float> logits,
                                         const hidden_observer* observe) const = 0;
};

/// Checks everything that `packed_batch` promises, for a model of this shape. @returns `bad_batch`.
[[nodiscard]] result<void> check_batch(const packed_batch& batch, const model_config& config);

/// Who multiplies: kernels of troupe's own, or oneDNN on the same weights; `automatic` is the own ones, unless the environment
/// variable TROUPE_PRODUCTS is "onednn".
enum class product_library { automatic, own, onednn };

struct engine_options {
  precision wanted = precision::automatic;
  /// Threads that work together on one batch. 1 (one caller per core) has the best throughput, more
  /// the best latency.
  std::size_t threads_per_stream = 1;
  /// Name of an engine of the registry ("cpu"), or "auto" for the first that supports the model.
  std::string device = "auto";
  /// With int8, the products that are computed in the next better type; absent: those that quantization.json in the model's
  /// folder names, none where there is no such file.
  std::optional<std::vector<product_name>> kept_products{};
  product_library products = product_library::automatic;
  /// Folder in which packed weights are kept between processes, which then share them; empty for none. What cannot be
  /// written there is not kept.
  std::filesystem::path cache_dir{};
  /// Threads of a stream beyond those above, which sleep until `workspace::use_threads` brings them in.
  std::size_t spare_threads_per_stream = 0;
};

/// Where a program keeps what it can make again: TROUPE_CACHE_DIR (empty for nowhere), else troupe in XDG_CACHE_HOME or
/// ~/.cache; empty where there is no home.
[[nodiscard]] std::filesystem::path default_cache_dir();

/// Loads the Hugging Face folder `model_dir` (config.json, model.safetensors or a sharded index)
/// into the engine that the registry picks for this machine. Blocks on disk and packs the weights
/// once; any thread.
/// @returns errors of the loader, or `unsupported` saying what every engine answered.
[[nodiscard]] result<std::shared_ptr<const engine>>
load_engine(const std::filesystem::path& model_dir, const engine_options& options = {});

} // namespace troupe::bert
