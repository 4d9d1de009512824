#include "actors/agents/run_page.hpp"
#include "actors/workflow/durations.hpp"
#include "actors/workflow/insight/insight.hpp"
#include "tools/troupe/cli_errc.hpp"
#include "tools/troupe/commands.hpp"
#include "tools/troupe/console.hpp"
#include "tools/troupe/insight_view.hpp"
#include "tools/troupe/run_view.hpp"
#include "tools/troupe/store_option.hpp"
#include "tools/troupe/stored_run.hpp"

#include <CLI/CLI.hpp>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>

namespace troupe::cli {

namespace {

struct explain_options {
  std::string run;
  /// `STEP` or `STEP[INDEX]`; empty: all.
  std::string step;
  store_option store;
  std::string alarm_after = "60s";
  /// Where the page goes; empty: none.
  std::string html;
  bool json = false;
};

struct wanted_steps {
  std::string step;
  std::optional<std::uint32_t> index;

  [[nodiscard]] bool includes(const workflow::instance_id& instance) const {
    return (step.empty() || instance.step == step) && (!index || instance.index == *index);
  }
};

result<wanted_steps> parse_step(const std::string& text) {
  const auto bracket = text.find('[');
  if (bracket == std::string::npos) return wanted_steps{text, std::nullopt};
  std::uint32_t index = 0;
  const char* const end = text.data() + text.size();
  const auto [read, why] = std::from_chars(text.data() + bracket + 1, end, index);
  if (why != std::errc{} || read + 1 != end || *read != ']')
    return fail(cli_errc::bad_option,
                fmt::format("'{}' is no step; write STEP or STEP[INDEX]", text));
  return wanted_steps{text.substr(0, bracket), index};
}

using chosen_instances = std::vector<const workflow::instance_insight*>;

result<chosen_instances> choose(const workflow::run_insight& of, const std::string& text) {
  const auto wanted = parse_step(text);
  if (!wanted) return tl::unexpected(wanted.error());
  chosen_instances made;
  for (const auto& each : of.instances)
    if (wanted->includes(each.id)) made.push_back(&each);
  if (!made.empty() || text.empty()) return made;
  if (of.workflow->step_index.contains(wanted->step) && !wanted->index)
    return fail(cli_errc::bad_option,
                fmt::format("step '{}' has no instances yet: the list that it runs over is not "
                            "known, or is empty",
                            wanted->step));
  return fail(cli_errc::bad_option,
              fmt::format("run {} has no '{}'; 'troupe show {}' lists its steps", of.run_id, text,
                          of.run_id));
}

bool print_json(const workflow::run_insight& of, const chosen_instances& shown,
                workflow::duration oldest) {
  nlohmann::ordered_json out{{"run", of.run_id},
                             {"workflow", of.workflow->name},
                             {"status", status_name(of.status)},
                             {"started", iso_time(of.started)}};
  out.update(insight_json(of));
  auto& steps = out["steps"] = nlohmann::ordered_json::array();
  for (const auto* each : shown)
    steps.push_back(instance_json(of, *each, oldest));
  return print_line(out.dump());
}

bool print_lines(const std::vector<std::string>& lines) {
  for (const std::string& line : lines)
    if (!print_line(line)) return false;
  return true;
}

bool print_text(const workflow::run_insight& of, const chosen_instances& shown,
                workflow::duration oldest) {
  if (!print_line(fmt::format("Run {} of {}: {}{}", of.run_id, of.workflow->name,
                              status_name(of.status),
                              of.closed ? "" : ", for " + span_text(of.makespan))) ||
      !print_lines(insight_lines(of)))
    return false;
  if (!of.measured &&
      !print_line("Some attempts were recorded without their times; waits count as their work"))
    return false;
  if (!print_line("")) return false;
  for (const auto* each : shown)
    if (!print_lines(instance_lines(of, *each, oldest))) return false;
  return true;
}

/// Beside its place first, so that nobody sees half a page.
result<void> write_page(const std::string& file, const std::string& page) {
  const auto refuse = [&](int why) {
    return fail(std::error_code{why, std::generic_category()}, "cannot write " + file);
  };
  const std::string beside = file + ".part";
  std::FILE* const out = std::fopen(beside.c_str(), "wbe");
  if (!out) return refuse(errno);
  const bool written = std::fwrite(page.data(), 1, page.size(), out) == page.size();
  const int why = written ? 0 : errno;
  if (std::fclose(out) != 0 || !written || std::rename(beside.c_str(), file.c_str()) != 0) {
    const auto refused = refuse(why != 0 ? why : errno);
    (void)std::remove(beside.c_str());
    return refused;
  }
  return {};
}

exit_code write_html(const explain_options& options, const stored_run& run,
                     const workflow::run_insight& of) {
  const auto page = agents::run_page(run.summary, of);
  if (!page) return report(page.error());
  if (const auto written = write_page(options.html, *page); !written)
    return report(written.error());
  return print_line("Wrote " + options.html) ? exit_code::ok : report_closed_output();
}

exit_code explain(const explain_options& options) {
  const auto oldest = workflow::parse_duration(options.alarm_after);
  if (!oldest)
    return report(error{cli_errc::bad_option, fmt::format("--alarm-after '{}' is no duration; "
                                                          "write 90s, 5m or 1h",
                                                          options.alarm_after)},
                  exit_code::usage);
  const auto store = options.store.open_to_read();
  if (!store) return report(store.error());
  const auto run = read_run(**store, options.run);
  if (!run) return report(run.error());
  const auto found = workflow::analyse(run->events, std::chrono::system_clock::now());
  if (!found) return report(found.error());
  if (!options.html.empty()) return write_html(options, *run, *found);
  const auto shown = choose(*found, options.step);
  if (!shown) return report(shown.error(), exit_code::usage);
  const bool printed =
      options.json ? print_json(*found, *shown, *oldest) : print_text(*found, *shown, *oldest);
  return printed ? exit_code::ok : report_closed_output();
}

constexpr const char* explain_footer =
    R"(Of the run: how long it took, what no way of running its steps would have beaten, and where the time between the two
went. Of each step: when it was ready and after what, what it waited for and how long, its attempts, and where they ran.
Of a run that is not closed also what each step waits for; what is older than --alarm-after is marked.

Examples:
  troupe explain 20261123-194512-417-k3f9
  troupe explain RUN 'read[3]'
  troupe explain RUN --html run.html
  troupe explain RUN --json | jq '.steps[] | select(.waits.alarm)')";

} // namespace

void add_explain(CLI::App& app, action& chosen) {
  auto options = std::make_shared<explain_options>();
  auto* command =
      app.add_subcommand("explain", "Say where a run's time went, and what each step waited for");
  command->add_option("RUN", options->run, "Id of the run, as 'troupe ps' prints it")->required();
  auto* step =
      command->add_option("STEP", options->step, "Only this step, or this instance: STEP[INDEX]");
  options->store.add_to(*command);
  command
      ->add_option("--alarm-after", options->alarm_after,
                   "Mark what a step has waited for longer than this")
      ->type_name("DURATION")
      ->capture_default_str();
  auto* html = command
                   ->add_option("--html", options->html,
                                "Write a page with the run's graph, its time chart against the "
                                "bound and its attempts to this file")
                   ->type_name("FILE");
  auto* json = command->add_flag("--json", options->json,
                                 "One JSON object; times are seconds from the start");
  html->excludes(json)->excludes(step);
  command->footer(explain_footer);
  command->callback([options, &chosen] { chosen = [options] { return explain(*options); }; });
}

} // namespace troupe::cli
