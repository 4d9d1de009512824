#include "tools/troupe/cluster_nodes.hpp"

#include "tools/troupe/console.hpp"
#include "tools/troupe/run_view.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

namespace troupe::cli {

namespace {

std::vector<std::string> roles_of(const cluster::node_row& row) {
  std::vector<std::string> all;
  for (const auto role : row.roles)
    all.emplace_back(cluster::to_string(role));
  return all;
}

nlohmann::ordered_json row_json(const cluster::node_row& row) {
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
  if (!row.seen.detail.empty()) made["detail"] = row.seen.detail;
  return made;
}

bool print_rows(const std::vector<cluster::node_row>& rows) {
  table shown{{"NODE", "ROLES", "STATE", "ADDRESS", "PID", "SINCE", "DETAIL"}, {4}};
  for (const auto& row : rows) {
    const auto& status = row.seen.status;
    shown.add({row.node.name, fmt::format("{}", fmt::join(roles_of(row), ",")),
               std::string{cluster::to_string(row.seen.phase)},
               status ? status->address : row.node.host, status ? std::to_string(status->pid) : "",
               status ? iso_time(status->started) : "", row.seen.detail});
  }
  return shown.print();
}

} // namespace

exit_code list_nodes(const cluster_option& target, bool json) {
  auto spec = target.read();
  if (!spec) return report_cluster(spec.error());
  const auto rows = cluster::launcher{std::move(*spec), {}}.list();
  if (!rows) return report_cluster(rows.error());
  if (!json) return print_rows(*rows) ? exit_code::ok : report_closed_output();
  for (const auto& row : *rows)
    if (!print_line(row_json(row).dump())) return report_closed_output();
  return exit_code::ok;
}

} // namespace troupe::cli
