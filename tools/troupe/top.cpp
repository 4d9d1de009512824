#include "actors/workflow/durations.hpp"
#include "actors/workflow/tenant_name.hpp"
#include "tools/troupe/cli_errc.hpp"
#include "tools/troupe/commands.hpp"
#include "tools/troupe/console.hpp"
#include "tools/troupe/interrupt.hpp"
#include "tools/troupe/screen.hpp"
#include "tools/troupe/status_option.hpp"
#include "tools/troupe/store_option.hpp"
#include "tools/troupe/tag_option.hpp"
#include "tools/troupe/top_feed.hpp"
#include "tools/troupe/top_json.hpp"
#include "tools/troupe/top_view.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fmt/format.h>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

namespace troupe::cli {

namespace {

struct top_options {
  store_option store;
  std::vector<v1::RunStatus> statuses;
  std::string workflow;
  tag_option tags;
  std::optional<std::string> tenant;
  top_order order = top_order::age;
  std::size_t limit = 50;
  std::string window = "10m", alarm_after = "60s";
  double interval_seconds = 2;
  std::uint64_t count = 0;
  bool once = false;
  bool json = false;
};

/// How often Ctrl-C and the size of the terminal are looked for.
constexpr std::chrono::milliseconds signal_tick{100};
/// Histories of a store that is looked at once are waited for.
constexpr std::chrono::milliseconds whole_patience{30'000};

std::chrono::milliseconds interval_of(const top_options& options) {
  return std::chrono::milliseconds{static_cast<std::int64_t>(options.interval_seconds * 1'000)};
}

result<std::chrono::nanoseconds> length_of(const std::string& text, const char* option) {
  const auto parsed = workflow::parse_duration(text);
  if (!parsed) return fail(cli_errc::bad_option, fmt::format("{}: {}", option, parsed.error()));
  return *parsed;
}

result<top_query> query_of(const top_options& options) {
  top_query made;
  made.filter.statuses.assign(options.statuses.begin(), options.statuses.end());
  made.filter.workflow = options.workflow;
  auto tags = options.tags.value();
  if (!tags) return tl::unexpected(std::move(tags.error()));
  made.filter.tags = std::move(*tags);
  if (options.tenant && !workflow::is_tenant_name(*options.tenant))
    return fail(cli_errc::bad_option, "--tenant: no tenant is called so; use letters, digits, '.', "
                                      "'_' and '-'");
  made.tenant = options.tenant;
  made.order = options.order;
  made.most_runs = options.limit;
  const auto window = length_of(options.window, "--window");
  if (!window) return tl::unexpected(window.error());
  made.window = *window;
  const auto alarm_after = length_of(options.alarm_after, "--alarm-after");
  if (!alarm_after) return tl::unexpected(alarm_after.error());
  made.alarm_after = *alarm_after;
  return made;
}

/// Half of the time between two looks is for histories.
std::chrono::milliseconds patience_of(const top_options& options) {
  if (options.once || options.count == 1) return whole_patience;
  return std::max(interval_of(options) / 2, std::chrono::milliseconds{100});
}

bool print_state(const top_state& now, const top_options& options, std::uint64_t number) {
  if (options.json)
    return print_line(
        top_json(now).dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace));
  if (number > 1 && !print_line("")) return false;
  top_layout how;
  how.order = options.order;
  for (const auto& line : top_lines(now, how))
    if (!print_line(line.text)) return false;
  return true;
}

/// One after the other, for whoever reads lines.
exit_code print_all(top_feed& feed, const top_options& options) {
  for (std::uint64_t number = 1;; ++number) {
    const auto now = feed.look(patience_of(options));
    if (interrupt::requested()) return report_interrupted();
    if (!now) return report(now.error());
    if (!print_state(*now, options, number) || !std::cout.flush()) return report_closed_output();
    if (options.once || number == options.count) return exit_code::ok;
    const auto until = std::chrono::steady_clock::now() + interval_of(options);
    while (std::chrono::steady_clock::now() < until) {
      if (interrupt::requested()) return report_interrupted();
      std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(
          signal_tick, until - std::chrono::steady_clock::now()));
    }
  }
}

/// What a screen shows until the next look.
class shown_screen {
public:
  shown_screen(top_feed& feed, const top_options& options) : feed_(feed), options_(options) {}

  /// Draws until there is to be another look. @returns false where there is to be none.
  [[nodiscard]] bool show(top_state now) {
    const auto until = std::chrono::steady_clock::now() + interval_of(options_);
    if (!draw(now)) return false;
    for (;;) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
      if (left.count() <= 0) return true;
      // A signal may come just before the wait for a key begins.
      const char key = screen_.wait_for_key(std::min(left, signal_tick)).value_or('\0');
      if (interrupt::requested()) return false;
      if (screen::size() != drawn_ && !draw(now)) return false;
      if (key == 'q' || key == 'Q') return quit_ = true, false;
      if (key == ' ') return true;
      if (key == 's') {
        feed_.set_order(
            static_cast<top_order>((static_cast<std::size_t>(feed_.order()) + 1) % top_orders));
        return true; // others of all the runs may be the first now
      }
    }
  }
  [[nodiscard]] bool quit() const { return quit_; }
  [[nodiscard]] bool unseen() const { return unseen_; }

private:
  [[nodiscard]] bool draw(const top_state& now) {
    drawn_ = screen::size();
    top_layout how{drawn_.width, drawn_.height, feed_.order(), ""};
    how.footer = fmt::format("q ends, s sorts (now by {1}), space looks now; every {0:g} s",
                             options_.interval_seconds, name_of(feed_.order()));
    unseen_ = !screen_.draw(top_lines(now, how));
    return !unseen_;
  }

  top_feed& feed_;
  const top_options& options_;
  screen screen_;
  screen_size drawn_;
  bool quit_ = false, unseen_ = false;
};

/// In place. What is to be said at the end is said when the terminal is as it was.
exit_code show_all(top_feed& feed, const top_options& options) {
  std::optional<error> failed;
  bool unseen = false, quit = false;
  {
    shown_screen screen{feed, options};
    for (std::uint64_t number = 1;; ++number) {
      auto now = feed.look(patience_of(options));
      if (interrupt::requested()) break;
      if (!now) {
        failed = std::move(now.error());
        break;
      }
      if (!screen.show(std::move(*now)) || (quit = number == options.count)) break;
    }
    unseen = screen.unseen();
    quit = quit || screen.quit();
  }
  if (failed) return report(*failed);
  if (quit) return exit_code::ok;
  return unseen && !interrupt::requested() ? report_closed_output() : report_interrupted();
}

exit_code top(const top_options& options) {
  auto query = query_of(options);
  if (!query) return report(query.error(), exit_code::usage);
  const auto feed = top_feed::open(options.store, std::move(*query));
  if (!feed) return report(feed.error());
  if (options.json || options.once || !screen::is_possible()) return print_all(**feed, options);
  return show_all(**feed, options);
}

constexpr const char* top_footer =
    R"(Reads the store, and what each process that has runs of it posts once a second: its queues, its resources, its tenants and
its limits. Such a process is troupe run and troupe schedule; a run whose process says nothing is shown as the store has it.

On a terminal the screen is drawn again in place: q ends, s sorts by the next column, space looks at once. Elsewhere, and with
--once or --json, each look is printed below the last one. Rates are those since the last look. A run's oldest wait is red, or
marked with '!', where it is older than --alarm-after.

Examples:
  troupe top
  troupe top --store sqlite:runs.db --sort waiting
  troupe top --tag tenant=acme --interval 0.5
  troupe top --once --json | jq '.nodes[].queues')";

void add_filters(CLI::App& command, top_options& options) {
  add_status_option(command, options.statuses, {"running", "compensating"});
  command.add_option("--workflow", options.workflow, "Only runs of the workflow of this name");
  options.tags.add_to(command,
                      "Only runs that were submitted with this tag; of several all must fit");
  command.add_option("--tenant", options.tenant, "Only list runs of this tenant ('' for none)")
      ->type_name("NAME");
  command.add_option("--limit", options.limit, "List at most so many runs")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000));
}

void add_times(CLI::App& command, top_options& options) {
  command.add_option("--interval", options.interval_seconds, "From one look to the next")
      ->type_name("SECONDS")
      ->capture_default_str()
      ->check(CLI::Range(0.1, 86'400.0));
  command
      .add_option("--window", options.window,
                  "How far back closed runs are counted and failures shown")
      ->type_name("DURATION")
      ->capture_default_str();
  command
      .add_option("--alarm-after", options.alarm_after,
                  "Mark what a step has waited for longer than this")
      ->type_name("DURATION")
      ->capture_default_str();
}

} // namespace

void add_top(CLI::App& app, action& chosen) {
  auto options = std::make_shared<top_options>();
  auto* command =
      app.add_subcommand("top", "Watch runs, queues and resources while they are at work");
  options->store.add_to(*command);
  add_filters(*command, *options);
  std::map<std::string, top_order> orders;
  std::string shown;
  for (std::size_t i = 0; i < top_orders; ++i) {
    const std::string name{name_of(static_cast<top_order>(i))};
    orders.emplace(name, static_cast<top_order>(i));
    shown += (shown.empty() ? "" : "|") + name;
  }
  command
      ->add_option("--sort", options->order,
                   "Which runs are first: the oldest, those that have waited longest, ...")
      ->transform(CLI::CheckedTransformer(orders).description(""))
      ->type_name(shown)
      ->default_str("age");
  add_times(*command, *options);
  auto* count = command->add_option("--count", options->count, "End after so many looks")
                    ->type_name("N")
                    ->check(CLI::Range(1, 1'000'000'000));
  command->add_flag("--once", options->once, "Print what is so now, and end")->excludes(count);
  command->add_flag("--json", options->json, "One JSON object per look, on one line");
  command->footer(top_footer);
  command->callback([options, &chosen] { chosen = [options] { return top(*options); }; });
}

} // namespace troupe::cli
