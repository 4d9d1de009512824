#include "tools/troupe/retention_option.hpp"

#include "actors/workflow/durations.hpp"
#include "tools/troupe/console.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fmt/format.h>

namespace troupe::cli {

namespace {

/// So that a run is there when the command that waits for it looks what came of it.
constexpr std::chrono::minutes shortest_age{1};
constexpr std::chrono::minutes longest_interval{10};

/// Says each thing once, however often it happens.
class retention_report {
public:
  void take(const result<workflow::pruned_runs>& found) {
    if (!found) return say(fmt::format("retention: {}", found.error().message()));
    if (found->damaged.empty()) return said_.clear();
    say(fmt::format("retention: {} runs are damaged and stay; use 'troupe store check'",
                    found->damaged.size()));
  }

private:
  void say(std::string text) {
    if (text == said_) return;
    print_warning(text);
    said_ = std::move(text);
  }
  std::string said_;
};

} // namespace

void retention_option::add_to(CLI::App& command) {
  auto* age = command
                  .add_option_function<std::string>(
                      "--retention",
                      [this](const std::string& given) {
                        const auto parsed = workflow::parse_duration(given);
                        if (!parsed) throw CLI::ValidationError{"--retention", parsed.error()};
                        if (*parsed < shortest_age)
                          throw CLI::ValidationError{"--retention",
                                                     given + " is less than a minute, the least"};
                        age_ = *parsed;
                      },
                      "Meanwhile remove runs that ended longer ago, e.g. 30d (default: they stay)")
                  ->type_name("DURATION");
  command
      .add_option("--retention-keep", keep_, "So many of the runs that ended last stay in any case")
      ->type_name("N")
      ->check(CLI::Range(0, 1'000'000'000))
      ->needs(age);
  command
      .add_option("--retention-archive", archive_,
                  "Where they go, for 'troupe show --archive' and 'troupe store restore --add';\n"
                  "made, or added to")
      ->type_name("FILE")
      ->needs(age);
}

std::unique_ptr<workflow::retention> retention_option::start(const store_option& store) const {
  if (age_.count() == 0) return nullptr;
  workflow::retention_options wanted;
  wanted.age = age_;
  wanted.keep = keep_;
  if (!archive_.empty()) wanted.archive = archive_;
  wanted.interval =
      std::clamp(std::chrono::duration_cast<std::chrono::milliseconds>(age_ / 10),
                 std::chrono::milliseconds{10'000}, std::chrono::milliseconds{longest_interval});
  wanted.open = [&store] { return store.open_rows(false, true); };
  wanted.told = [report = std::make_shared<retention_report>()](
                    const result<workflow::pruned_runs>& found) { report->take(found); };
  return std::make_unique<workflow::retention>(std::move(wanted));
}

} // namespace troupe::cli
