#pragma once

#include "kernels/bert/engine.hpp"
#include "kernels/bert/weights.hpp"
#include "kernels/result.hpp"

#include <functional>
#include <memory>
#include <span>
#include <string>

namespace troupe::bert {

/// One way to run models: what the registry knows of a device before any model is loaded on it.
struct engine_factory {
  /// What `engine_options::device` calls it.
  std::string device;
  /// Whether this machine can run a model of this shape as asked. An error (`unsupported`,
  /// `bad_options`) says why not.
  std::function<result<void>(const model_config&, const engine_options&)> supports;
  /// Reads and packs the weights. Only called after `supports` agreed.
  std::function<result<std::shared_ptr<const engine>>(weight_reader&, const engine_options&)> load;
};

/// The engines of this build, the preferred one first. The one place that knows which devices there
/// are.
[[nodiscard]] std::span<const engine_factory> built_in_engines();

/// `load_engine` of engine.hpp with a registry of the caller's.
[[nodiscard]] result<std::shared_ptr<const engine>>
load_engine(const std::filesystem::path& model_dir, const engine_options& options,
            std::span<const engine_factory> engines);

} // namespace troupe::bert
