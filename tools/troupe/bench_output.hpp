#pragma once

#include "kernels/result.hpp"
#include "tools/troupe/bench_figure.hpp"
#include "tools/troupe/exit_code.hpp"

#include <vector>

namespace troupe::cli {

/// Writes figures to standard output: as JSON, one object per line as soon as it is found, or as a table at the end.
class bench_output final : public figure_sink {
public:
  explicit bench_output(bool json) : json_{json} {}

  void put(figure found) override;
  [[nodiscard]] bool stopped() const override;

  /// Prints what is left to print. @returns what the command returns when the bench ended with `outcome`.
  [[nodiscard]] exit_code finish(const result<void>& outcome);

private:
  [[nodiscard]] bool print_figures() const;

  bool json_;
  bool closed_ = false;
  std::vector<figure> figures_;
};

/// The figure as one line of JSON:
/// {"bench","name","value","unit","min","max","repetitions","settings","processor","versions","commit"}; a goal is shown
/// among the settings.
[[nodiscard]] std::string to_json_line(const figure& shown);

} // namespace troupe::cli
