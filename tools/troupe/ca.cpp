#include "cluster/pki/authority.hpp"
#include "tools/troupe/commands.hpp"
#include "tools/troupe/console.hpp"
#include "tools/troupe/run_view.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace troupe::cli {

namespace {

using namespace troupe::cluster;
using nlohmann::ordered_json;

/// What every subcommand takes.
struct ca_options {
  std::string folder = "ca";
  bool json = false;

  void add_to(CLI::App& command) {
    command.add_option("--ca", folder, "Folder of the authority")
        ->type_name("DIR")
        ->capture_default_str();
    command.add_flag("--json", json, "One JSON object per line on standard output");
  }
};

std::string joined(const std::vector<std::string>& parts) {
  std::string all;
  for (const auto& part : parts)
    all += (all.empty() ? "" : ",") + part;
  return all;
}

std::vector<std::string> names_of(const std::set<node_role>& roles) {
  std::vector<std::string> names;
  names.reserve(roles.size());
  for (const node_role role : roles)
    names.emplace_back(to_string(role));
  return names;
}

std::string state_now(const issued_certificate& one) {
  return std::string{
      state_of(one, std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()))};
}

std::string json_of(const issued_certificate& one) {
  ordered_json made{{"node", one.who.node},
                    {"cluster", one.who.cluster},
                    {"roles", names_of(one.who.roles)},
                    {"hosts", one.hosts},
                    {"serial", one.serial},
                    {"state", state_now(one)},
                    {"not_before", iso_time(one.not_before)},
                    {"not_after", iso_time(one.not_after)}};
  if (one.revoked_at) {
    made["revoked_at"] = iso_time(*one.revoked_at);
    made["reason"] = to_string(one.reason);
  }
  return made.dump();
}

exit_code report_pki(const error& why) {
  return report(why, why.code == pki_errc::bad_request ? exit_code::usage : exit_code::failed);
}

/// Prints them as JSON, or what `line` makes of each.
template <class Line>
exit_code print_each(const std::vector<issued_certificate>& all, bool json, const Line& line) {
  for (const auto& one : all)
    if (!print_line(json ? json_of(one) : line(one))) return report_closed_output();
  return exit_code::ok;
}

// -- init ----------------------------------------------------------------------------------------

exit_code init_authority(const ca_options& options, const std::string& cluster, int days) {
  const auto made =
      authority::init(options.folder, {.cluster = cluster, .valid_for = std::chrono::days{days}});
  if (!made) return report_pki(made.error());
  const std::string line =
      options.json ? ordered_json{{"cluster", cluster},
                                  {"ca", options.folder},
                                  {"certificate", made->certificate_file().string()},
                                  {"revocations", made->revocations_folder().string()}}
                         .dump()
                   : "Made the authority of cluster " + cluster + " in " + options.folder +
                         ". Keep ca.key there; nodes need ca.pem and crl/.";
  return print_line(line) ? exit_code::ok : report_closed_output();
}

void add_init(CLI::App& ca, action& chosen) {
  auto* command = ca.add_subcommand("init", "Make an authority for a new cluster");
  auto options = std::make_shared<ca_options>();
  auto cluster = std::make_shared<std::string>();
  auto days = std::make_shared<int>(3'650);
  options->add_to(*command);
  command->add_option("--cluster", *cluster, "Name of the cluster: 1 to 63 of a-z, 0-9 and -")
      ->type_name("NAME")
      ->required();
  command->add_option("--days", *days, "How long the authority is valid")
      ->type_name("N")
      ->capture_default_str();
  command->footer("Example:\n  troupe ca init --cluster lab");
  command->callback(
      [=, &chosen] { chosen = [=] { return init_authority(*options, *cluster, *days); }; });
}

// -- issue ---------------------------------------------------------------------------------------

struct issue_command {
  ca_options common;
  std::string node, out;
  std::vector<std::string> roles, hosts;
  int days = 90;
  bool replace = false;
};

exit_code issue_certificate(const issue_command& options) {
  issue_options wanted{.node = options.node,
                       .roles = {},
                       .hosts = options.hosts,
                       .valid_for = std::chrono::days{options.days},
                       .out = options.out.empty() ? "certs" : options.out,
                       .replace = options.replace};
  for (const auto& name : options.roles) {
    const auto role = role_of(name);
    if (!role) return report_pki(role.error());
    wanted.roles.insert(*role);
  }
  auto opened = authority::open(options.common.folder);
  if (!opened) return report_pki(opened.error());
  const auto made = opened->issue(wanted);
  if (!made) return report_pki(made.error());
  return print_each({*made}, options.common.json, [&](const issued_certificate& one) {
    return "Issued " + (wanted.out / (one.who.node + ".pem")).string() + " and its key for " +
           joined(names_of(one.who.roles)) + ", valid until " + iso_time(one.not_after) + " (" +
           one.serial + ")";
  });
}

void add_issue(CLI::App& ca, action& chosen) {
  auto* command = ca.add_subcommand("issue", "Make a node's key and certificate");
  auto options = std::make_shared<issue_command>();
  options->common.add_to(*command);
  command->add_option("NODE", options->node, "Name of the node: 1 to 63 of a-z, 0-9 and -")
      ->required();
  command
      ->add_option("--role", options->roles, "coordinator, worker, gateway or operator; repeatable")
      ->type_name("ROLE")
      ->required();
  command->add_option("--host", options->hosts, "DNS name or IP address of the node; repeatable")
      ->type_name("HOST");
  command->add_option("--days", options->days, "How long the certificate is valid")
      ->type_name("N")
      ->capture_default_str();
  command
      ->add_option("--out", options->out,
                   "Folder for NODE.pem, NODE.key and ca.pem (default: certs)")
      ->type_name("DIR");
  command->add_flag("--replace", options->replace,
                    "Put them in the place of older ones: a rotation");
  command->footer(
      "Nodes take new files up while they run.\n\n"
      "Example:\n  troupe ca issue worker-1 --role worker --host 10.0.0.7 --host worker-1.lab");
  command->callback([=, &chosen] { chosen = [=] { return issue_certificate(*options); }; });
}

// -- revoke and list -----------------------------------------------------------------------------

exit_code revoke_certificate(const ca_options& options, const std::string& which,
                             const std::string& why) {
  const auto reason = reason_of(why);
  if (!reason) return report_pki(reason.error());
  auto opened = authority::open(options.folder);
  if (!opened) return report_pki(opened.error());
  const auto revoked = opened->revoke(which, *reason);
  if (!revoked) return report_pki(revoked.error());
  return print_each(*revoked, options.json, [](const issued_certificate& one) {
    return "Revoked " + one.who.node + " (" + one.serial +
           "): " + std::string{to_string(one.reason)};
  });
}

void add_revoke(CLI::App& ca, action& chosen) {
  auto* command = ca.add_subcommand("revoke", "Trust a node's certificates no more");
  auto options = std::make_shared<ca_options>();
  auto which = std::make_shared<std::string>();
  auto reason = std::make_shared<std::string>("unspecified");
  options->add_to(*command);
  command->add_option("NODE|SERIAL", *which, "A node (all that it has), or one serial number")
      ->required();
  command->add_option("--reason", *reason, "Why")
      ->type_name(
          "unspecified|key-compromise|affiliation-changed|superseded|cessation-of-operation");
  command->footer("Takes effect where nodes see the new list in crl/, without a restart.\n\n"
                  "Example:\n  troupe ca revoke worker-1 --reason key-compromise");
  command->callback(
      [=, &chosen] { chosen = [=] { return revoke_certificate(*options, *which, *reason); }; });
}

exit_code list_certificates(const ca_options& options) {
  const auto opened = authority::open(options.folder);
  if (!opened) return report_pki(opened.error());
  const auto all = opened->list();
  if (!all) return report_pki(all.error());
  if (options.json) return print_each(*all, true, [](const auto&) { return std::string{}; });
  table shown{{"NODE", "ROLES", "HOSTS", "STATE", "UNTIL", "SERIAL"}};
  for (const auto& one : *all)
    shown.add({one.who.node, joined(names_of(one.who.roles)), joined(one.hosts), state_now(one),
               iso_time(one.not_after), one.serial});
  return shown.print() ? exit_code::ok : report_closed_output();
}

void add_list(CLI::App& ca, action& chosen) {
  auto* command = ca.add_subcommand("list", "All certificates that were issued, and their state");
  auto options = std::make_shared<ca_options>();
  options->add_to(*command);
  command->footer("Example:\n  troupe ca list --json");
  command->callback([=, &chosen] { chosen = [=] { return list_certificates(*options); }; });
}

} // namespace

void add_ca(CLI::App& app, action& chosen) {
  auto* ca = app.add_subcommand("ca", "Certificates of a cluster's nodes");
  ca->require_subcommand(1);
  ca->footer("Nobody without a certificate of the cluster's authority gets into it.\n\n"
             "Examples:\n"
             "  troupe ca init --cluster lab\n"
             "  troupe ca issue worker-1 --role worker --host 10.0.0.7\n"
             "  troupe ca list\n"
             "  troupe ca revoke worker-1 --reason key-compromise");
  for (auto* add : {add_init, add_issue, add_revoke, add_list})
    add(*ca, chosen);
}

} // namespace troupe::cli
