#include "tools/troupe/node_setup.hpp"

#include "actors/scheduling/learning/cost_learner.hpp"
#include "actors/scheduling/online/online_policy.hpp"
#include "tools/troupe/console.hpp"
#include "tools/troupe/max_uncommitted_option.hpp"
#include "tools/troupe/models.hpp"

#include <CLI/CLI.hpp>
#include <filesystem>

namespace troupe::cli {

void node_setup::add_to(CLI::App& command) {
  store_.add_to(command);
  precision_.add_to(command);
  resources_.add_to(command);
  process_.add_to(command);
  retention_.add_to(command);
  add_max_uncommitted_option(command, max_uncommitted_);
  tenant_weights_.add_to(command);
  command
      .add_option("--policy", policy_,
                  "Who of the attempts that wait goes first: aged-srpt, srpt, las, rank or fifo")
      ->type_name("NAME")
      ->check([](const std::string& name) {
        const auto known = scheduling::find_online_policy(name);
        return known ? std::string{} : known.error().context;
      })
      ->capture_default_str();
}

result<std::unique_ptr<node>> node_setup::start(bool must_exist) const {
  const auto models = models_folder();
  if (!models) return tl::unexpected(models.error());
  auto store = store_.open(must_exist);
  if (!store) return tl::unexpected(std::move(store.error()));
  auto dead_letters = store_.dead_letters();
  if (!dead_letters) return tl::unexpected(std::move(dead_letters.error()));
  node_options wanted;
  wanted.dead_letters = std::move(*dead_letters);
  wanted.models = built_in_models(*models);
  wanted.precision = precision_.value();
  wanted.cache_dir = bert::default_cache_dir();
  wanted.resources = resources_.value();
  wanted.process = process_.value();
  wanted.policy = policy_;
  wanted.max_uncommitted = max_uncommitted_;
  wanted.tenant_weights = tenant_weights_.value();
  // Where that cannot be known nothing is learnt; a run does not fail for it.
  if (const auto file = store_.costs_file()) {
    std::error_code ignored; // what cannot be written there is said when it is tried
    std::filesystem::create_directories(file->parent_path(), ignored);
    wanted.costs = std::make_shared<scheduling::cost_learner>(*file);
  }
  return node::start(wanted, std::move(*store));
}

std::unique_ptr<workflow::snapshot_publisher> node_setup::start_publisher(node& of) const {
  auto board = store_.board(false);
  if (!board) return nullptr; // then there is no store either
  workflow::publisher_options wanted;
  wanted.look = [&of] { return of.workflows().snapshot(); };
  wanted.board = std::move(*board);
  wanted.failed = [](const error& why) {
    print_warning("troupe top does not see this process: " + why.message());
  };
  return std::make_unique<workflow::snapshot_publisher>(std::move(wanted));
}

} // namespace troupe::cli
