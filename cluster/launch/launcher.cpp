#include "cluster/launch/launcher.hpp"

#include "cluster/launch/internal/bring_up.hpp"
#include "cluster/launch/internal/own_postgres.hpp"
#include "cluster/launch/internal/stop_nodes.hpp"
#include "cluster/pki/files.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <thread>

namespace troupe::cluster {
namespace {

namespace fs = std::filesystem;
using steady = std::chrono::steady_clock;

/// The lock of a cluster's folder, which is made.
result<folder_lock> hold_cluster(const fs::path& data, const launch_watcher& watching) {
  if (auto made = make_folder(data); !made) return tl::unexpected(std::move(made.error()));
  for (bool told = false;; told = true) {
    auto held = folder_lock::try_take(data);
    if (!held) return tl::unexpected(std::move(held.error()));
    if (*held) return std::move(**held);
    if (!told && watching.say) watching.say("another command works on this cluster; waiting");
    if (watching.stop_asked && watching.stop_asked())
      return fail(launch_errc::interrupted, "another command works on this cluster");
    std::this_thread::sleep_for(launch_defaults::near_look);
  }
}

void tell(const launch_watcher& watching, const std::string& line) {
  if (watching.say) watching.say(line);
}

bool among(const std::vector<node_entry>& nodes, const std::string& name) {
  return std::any_of(nodes.begin(), nodes.end(),
                     [&](const auto& each) { return each.name == name; });
}

std::string store_place(const cluster_spec& spec) {
  return spec.store.place.empty() ? (spec.data / "store" / "runs.db").string() : spec.store.place;
}

} // namespace

std::vector<node_entry> known_nodes(const cluster_spec& spec, const cluster_state& state) {
  auto all = wanted_nodes(spec, state.added);
  // Of two that tell differently where a node is, the one that started it is right.
  for (auto& each : all)
    for (const auto& known : state.nodes)
      if (known.name == each.name) each = known;
  for (const auto& known : state.nodes)
    if (!among(all, known.name)) all.push_back(known);
  return all;
}

result<cluster_state> launcher::state_to_start() const {
  auto known = read_cluster_state(spec_.data);
  if (!known) return tl::unexpected(std::move(known.error()));
  const std::string provider{kind_of(spec_.provider)};
  if (!*known) return new_cluster_state(spec_.name, provider);
  if ((*known)->cluster != spec_.name)
    return fail(launch_errc::conflict, spec_.data.string() +
                                           " is the data folder of the cluster '" +
                                           (*known)->cluster + "'; use another one");
  if (!(*known)->nodes.empty() && (*known)->provider != provider)
    return fail(launch_errc::conflict, "its nodes were started by the provider " +
                                           (*known)->provider + ", the file now says " + provider +
                                           "; take it down with the file as it was");
  (*known)->provider = provider;
  return std::move(**known);
}

result<up_report> launcher::up() {
  const auto begin = steady::now();
  const auto held = hold_cluster(spec_.data, watching_);
  if (!held) return tl::unexpected(held.error());
  auto state = state_to_start();
  if (!state) return tl::unexpected(std::move(state.error()));
  auto report = start_missing(std::move(*state));
  if (report) report->took = steady::now() - begin;
  return report;
}

result<up_report> launcher::add(const std::string& group, int count) {
  const auto begin = steady::now();
  if (!spec_.group(group))
    return fail(launch_errc::not_found, "there is no group '" + group + "' in the file");
  const auto held = hold_cluster(spec_.data, watching_);
  if (!held) return tl::unexpected(held.error());
  auto state = state_to_start();
  if (!state) return tl::unexpected(std::move(state.error()));
  if (state->nodes.empty())
    return fail(launch_errc::conflict, "the cluster is not up; start it with troupe up");
  state->added[group] += count;
  auto report = start_missing(std::move(*state));
  if (report) report->took = steady::now() - begin;
  return report;
}

result<up_report> launcher::start_missing(cluster_state state) {
  const auto before = read_cluster_state(spec_.data);
  ++state.generation;
  const auto provider = make_provider(spec_, state);
  if (!provider) return tl::unexpected(provider.error());
  auto wanted = wanted_nodes(spec_, state.added);
  for (const auto& each : state.nodes)
    if (!among(wanted, each.name))
      tell(watching_,
           each.name + " is not in the file any more and is left alone; troupe down stops it, too");
  // Where a node was started there it is, whatever the file says by now.
  for (auto& each : wanted)
    for (const auto& known : state.nodes)
      if (known.name == each.name) each = known;
  bring_up rising{spec_, **provider, watching_, wanted};
  if (auto looked = rising.look(); !looked) return tl::unexpected(std::move(looked.error()));

  const auto nodes_before = state.nodes;
  for (const auto& each : wanted)
    if (!among(state.nodes, each.name)) state.nodes.push_back(each);
  if (auto saved = write_cluster_state(spec_.data, state); !saved)
    return tl::unexpected(std::move(saved.error()));

  own_postgres postgres{spec_.data};
  const bool start_store = spec_.store.own_postgresql && !postgres.is_running();
  const auto run = [&]() -> result<void> {
    auto store = store_place(spec_);
    if (spec_.store.own_postgresql) {
      const auto begin = steady::now();
      if (auto started = postgres.start(watching_.stop_asked); !started) return started;
      if (start_store)
        tell(watching_, fmt::format("store: PostgreSQL ready ({:.2f} s)",
                                    std::chrono::duration<double>(steady::now() - begin).count()));
      auto address = postgres.address();
      if (!address) return tl::unexpected(std::move(address.error()));
      store = std::move(*address);
    } else if (spec_.store.place.empty()) {
      if (auto made = make_folder(spec_.data / "store"); !made) return made;
    }
    auto planner = node_planner::open(spec_, store);
    if (!planner) return tl::unexpected(std::move(planner.error()));
    if (auto good = planner->provide_operator(); !good) return good;
    return rising.run(*planner);
  };
  auto done = run();
  if (done) return up_report{rising.started().size(), wanted.size(), {}};

  tell(watching_, "stopping what was started");
  // Also where a signal has asked to stop: nothing is left half way.
  const auto stopped = stop_nodes(**provider, rising.started(), spec_.grace, {watching_.say, {}});
  if (start_store && rising.nothing_runs())
    if (auto ended = postgres.stop(); !ended) tell(watching_, ended.error().message());
  if (!stopped) {
    done.error().context += "\n" + stopped.error().message() + "; troupe down stops what is left";
    return tl::unexpected(std::move(done.error()));
  }
  state.nodes = nodes_before;
  if (before && *before) state.added = (*before)->added;
  if (auto saved = write_cluster_state(spec_.data, state); !saved)
    tell(watching_, saved.error().message());
  return tl::unexpected(std::move(done.error()));
}

result<down_report> launcher::down(const down_options& options) {
  const auto begin = steady::now();
  if (const auto known = read_cluster_state(spec_.data); known && !*known) return down_report{};
  const auto held = hold_cluster(spec_.data, watching_);
  if (!held) return tl::unexpected(held.error());
  auto known = state_to_start();
  if (!known) return tl::unexpected(std::move(known.error()));
  auto state = std::move(*known);
  ++state.generation;
  if (auto saved = write_cluster_state(spec_.data, state); !saved)
    return tl::unexpected(std::move(saved.error()));
  const auto provider = make_provider(spec_, state);
  if (!provider) return tl::unexpected(provider.error());
  down_report report{state.nodes.size(), 0, {}};
  const auto patience = options.now ? std::chrono::milliseconds{0} : spec_.drain + spec_.grace;
  std::vector<node_entry> first, last; // coordinators outlive those whose results they take
  for (const auto& each : state.nodes) {
    const auto* group = spec_.group(each.group);
    (group && group->roles.contains(node_role::coordinator) ? last : first).push_back(each);
  }
  for (const auto* each : {&first, &last}) {
    const auto killed = stop_nodes(**provider, *each, patience, watching_);
    if (!killed) return tl::unexpected(killed.error());
    report.killed += options.now ? 0 : killed->size();
  }
  if (auto ended = own_postgres{spec_.data}.stop(); !ended)
    return tl::unexpected(std::move(ended.error()));
  const auto was = state;
  state.nodes.clear();
  state.added.clear();
  if (auto saved = write_cluster_state(spec_.data, state); !saved)
    return tl::unexpected(std::move(saved.error()));
  if (options.purge)
    if (auto gone = purge(was, **provider); !gone) return tl::unexpected(std::move(gone.error()));
  report.took = steady::now() - begin;
  return report;
}

result<void> launcher::purge(const cluster_state& state, node_provider& provider) const {
  for (const auto& each : state.nodes)
    if (auto gone = provider.purge(each); !gone) return gone;
  own_postgres{spec_.data}.purge();
  std::error_code none;
  // Only what commands have put there; the folder itself where nothing else is in it.
  for (const char* each : {"nodes", "ca", "operator", "store", "cluster.json", ".lock"})
    fs::remove_all(spec_.data / each, none);
  fs::remove(spec_.data, none);
  return {};
}

result<std::vector<node_row>> launcher::list() const {
  auto known = state_to_start();
  if (!known) return tl::unexpected(std::move(known.error()));
  const auto provider = make_provider(spec_, *known);
  if (!provider) return tl::unexpected(provider.error());
  const auto nodes = known_nodes(spec_, *known);
  auto seen = (*provider)->look(nodes);
  if (!seen) return tl::unexpected(std::move(seen.error()));
  std::vector<node_row> rows;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const auto* group = spec_.group(nodes[i].group);
    rows.push_back({nodes[i], group ? group->roles : std::set<node_role>{}, std::move((*seen)[i])});
  }
  return rows;
}

} // namespace troupe::cluster
