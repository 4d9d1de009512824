#include "tools/troupe/cluster_nodes.hpp"

#include "actors/runtime/typed_agent.hpp"
#include "tools/troupe/cluster_connection.hpp"
#include "tools/troupe/console.hpp"
#include "tools/troupe/run_view.hpp"
#include "troupe/v1/control.pb.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <map>
#include <nlohmann/json.hpp>

namespace troupe::cli {

namespace {

std::vector<std::string> roles_of(const cluster::node_row& row) {
  std::vector<std::string> all;
  for (const auto role : row.roles)
    all.emplace_back(cluster::to_string(role));
  return all;
}

using members = std::map<std::string, v1::ClusterNode>;

/// Who is a member, as a coordinator says; nothing where none answers soon: what is known without it is shown.
members ask_members(const cluster::cluster_spec& spec) {
  members made;
  const auto client = connect_to_cluster(spec, std::chrono::milliseconds{1'500});
  if (!client) return made;
  const auto told = expect_reply<v1::ClusterNodesReply>(
      (*client)->ask(share(v1::ClusterNodesRequest{}), std::chrono::milliseconds{1'500}));
  if (!told) return made;
  for (const v1::ClusterNode& each : (*told)->nodes())
    made[each.name()] = each;
  return made;
}

std::string member_text(const v1::ClusterNode& one) {
  return one.suspected() ? one.state() + ", silent" : one.state();
}

nlohmann::ordered_json row_json(const cluster::node_row& row, const members& known) {
  nlohmann::ordered_json made{{"node", row.node.name},
                              {"group", row.node.group},
                              {"roles", roles_of(row)},
                              {"state", cluster::to_string(row.seen.phase)}};
  if (!row.node.host.empty()) made["host"] = row.node.host;
  if (const auto& status = row.seen.status) {
    made["address"] = status->address;
    made["pid"] = status->pid;
    made["incarnation"] = status->incarnation;
    made["started"] = iso_time(status->started);
  }
  if (const auto found = known.find(row.node.name); found != known.end()) {
    made["member"] = found->second.state();
    made["silent"] = found->second.suspected();
    made["attempts"] = found->second.attempts();
    made["resources"] = found->second.resources();
  }
  if (!row.seen.detail.empty()) made["detail"] = row.seen.detail;
  return made;
}

bool print_rows(const std::vector<cluster::node_row>& rows, const members& known) {
  table shown{{"NODE", "ROLES", "STATE", "MEMBER", "ATTEMPTS", "ADDRESS", "PID", "SINCE", "DETAIL"},
              {4, 6}};
  for (const auto& row : rows) {
    const auto& status = row.seen.status;
    const auto found = known.find(row.node.name);
    const bool is_member = found != known.end();
    shown.add({row.node.name, fmt::format("{}", fmt::join(roles_of(row), ",")),
               std::string{cluster::to_string(row.seen.phase)},
               is_member ? member_text(found->second) : "",
               is_member ? std::to_string(found->second.attempts()) : "",
               status ? status->address : row.node.host, status ? std::to_string(status->pid) : "",
               status ? iso_time(status->started) : "", row.seen.detail});
  }
  return shown.print();
}

} // namespace

exit_code list_nodes(const cluster_option& target, bool json) {
  auto spec = target.read();
  if (!spec) return report_cluster(spec.error());
  const auto rows = cluster::launcher{*spec, {}}.list();
  if (!rows) return report_cluster(rows.error());
  const members known = ask_members(*spec);
  if (!json) return print_rows(*rows, known) ? exit_code::ok : report_closed_output();
  for (const auto& row : *rows)
    if (!print_line(row_json(row, known).dump())) return report_closed_output();
  return exit_code::ok;
}

} // namespace troupe::cli
