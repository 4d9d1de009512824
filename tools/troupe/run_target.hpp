#pragma once

#include "actors/workflow/engine.hpp"
#include "tools/troupe/definition_file.hpp"
#include "tools/troupe/tag_option.hpp"

#include <string>
#include <tl/expected.hpp>
#include <vector>

namespace CLI {
class App;
}

namespace troupe::cli {

/// Which run `troupe run` is about: a new one of a definition, an unfinished one of the same inputs, or one by its id.
class run_target {
public:
  void add_to(CLI::App& command);

  /// Whether a store that does not exist yet makes sense.
  [[nodiscard]] bool may_make_store() const { return resumed_.empty(); }

  /// Starts or goes on. @returns the run's id; usage errors for a definition or inputs with mistakes.
  [[nodiscard]] tl::expected<std::string, no_run> start(workflow::engine& engine,
                                                        const agent_types& agents) const;

private:
  [[nodiscard]] tl::expected<std::chrono::nanoseconds, no_run> deadline() const;
  [[nodiscard]] tl::expected<std::string, no_run> resume(workflow::engine& engine) const;
  [[nodiscard]] tl::expected<workflow::definition_ptr, no_run>
  load(const agent_types& agents) const;

  std::string definition_file_;
  std::vector<std::string> assignments_;
  std::string resumed_;
  std::string run_id_;
  std::int32_t priority_ = 0;
  std::string deadline_;
  std::string tenant_;
  tag_option tags_;
  bool continue_ = false;
};

} // namespace troupe::cli
