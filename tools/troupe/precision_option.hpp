#pragma once

#include "kernels/bert/engine.hpp"

#include <CLI/CLI.hpp>
#include <string>

namespace troupe::cli {

/// The option `--precision`, the same for every command that runs a model.
class precision_option {
public:
  void add_to(CLI::App& command) {
    // As text: CLI11 2.1 cannot take an enum that has a to_string of its own.
    command
        .add_option("--precision", name_,
                    "Arithmetic of the models: fp32, bf16, int8, or auto for what this processor "
                    "is good at")
        ->check(CLI::IsMember({"auto", "fp32", "bf16", "int8"}).description(""))
        ->type_name("auto|fp32|bf16|int8")
        ->capture_default_str();
  }

  [[nodiscard]] bert::precision value() const {
    if (name_ == "fp32") return bert::precision::fp32;
    if (name_ == "int8") return bert::precision::int8;
    return name_ == "bf16" ? bert::precision::bf16 : bert::precision::automatic;
  }

private:
  std::string name_ = "auto";
};

} // namespace troupe::cli
