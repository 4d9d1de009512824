#pragma once

#include "kernels/bert/engine.hpp"

#include <CLI/CLI.hpp>
#include <map>
#include <string>

namespace troupe::cli {

/// The option `--precision`, the same for every command that runs a model.
class precision_option {
public:
  void add_to(CLI::App& command) {
    static const std::map<std::string, bert::precision> names{{"auto", bert::precision::automatic},
                                                              {"fp32", bert::precision::fp32},
                                                              {"bf16", bert::precision::bf16}};
    command
        .add_option(
            "--precision", value_,
            "Arithmetic of the models: fp32, bf16, or auto for what this processor is good at")
        ->transform(CLI::CheckedTransformer(names))
        ->type_name("auto|fp32|bf16");
  }
  [[nodiscard]] bert::precision value() const { return value_; }

private:
  bert::precision value_ = bert::precision::automatic;
};

} // namespace troupe::cli
