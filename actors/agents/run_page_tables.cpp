#include "actors/agents/report_format.hpp"
#include "actors/agents/run_page_parts.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace troupe::agents {
namespace {

using workflow::attempt_insight;
using workflow::attempt_outcome;
using workflow::duration;
using workflow::run_insight;

/// Rows that are written; the command's JSON has all.
constexpr std::size_t most_attempt_rows = 1'000;

struct attempt_row {
  std::string label;
  const attempt_insight* attempt = nullptr;
};

/// What went wrong comes first where not all can be shown.
std::vector<attempt_row> attempt_rows(const run_insight& of) {
  std::vector<attempt_row> made;
  for (const auto& each : of.instances) {
    for (const auto& attempt : each.attempts)
      made.push_back({instance_label(of, each.id), &attempt});
    for (const auto& attempt : each.compensations)
      made.push_back({instance_label(of, each.id) + " undone", &attempt});
  }
  if (made.size() > most_attempt_rows)
    std::stable_partition(made.begin(), made.end(), [](const attempt_row& each) {
      return each.attempt->outcome != attempt_outcome::completed;
    });
  return made;
}

std::string where(const attempt_insight& of) {
  if (!of.child_run.empty()) return "run " + of.child_run;
  const std::string& who = of.node.empty() ? of.owner : of.node;
  return of.node_class.empty() ? who : who + ", " + of.node_class;
}

std::string waits_of(const attempt_insight& of) {
  std::string made;
  const auto add = [&](duration time, const std::string& what) {
    if (time.count() > 0)
      made += fmt::format("{}{} for {}", made.empty() ? "" : ", ", time_text(time), what);
  };
  std::string missing;
  for (const auto& each : of.missing)
    missing += (missing.empty() ? " (" : ", ") + escape_html(each);
  add(of.slot_wait, "a place");
  add(of.resource_wait, "resources" + (missing.empty() ? "" : missing + ")"));
  return made.empty() ? "–" : made;
}

std::string remarks(const attempt_insight& of) {
  std::string made;
  if (of.beside > 0)
    made = fmt::format("begun beside attempt {}, which had run {} and was late after {}", of.beside,
                       time_text(of.beside_ran), time_text(of.allowed));
  if (!of.needed_by.empty()) made = "its place was needed by " + of.needed_by;
  if (of.why) made += (made.empty() ? "" : "; ") + of.why->message + " [" + of.why->type + "]";
  return made;
}

std::string attempt_html(const attempt_row& row) {
  const attempt_insight& of = *row.attempt;
  const auto ran = of.answered ? time_text(*of.answered - *of.started) : std::string{"–"};
  return fmt::format(
      R"(<tr><th scope="row" class="name"><bdi>{}</bdi></th><td class="n">{}</td><td>{}</td><td class="n">{}</td><td>{}</td><td class="n">{}</td><td class="values">{}</td><td class="values"><bdi>{}</bdi></td></tr>)"
      "\n",
      escape_html(row.label), of.attempt, name_of(of.outcome), time_text(of.scheduled),
      waits_of(of), ran, escape_html(where(of)), escape_html(remarks(of)));
}

double part_of(duration part, duration all) {
  return all.count() == 0 ? 0
                          : static_cast<double>(part.count()) / static_cast<double>(all.count());
}

} // namespace

std::string time_text(duration time) {
  return format_duration(std::chrono::duration_cast<std::chrono::microseconds>(time).count());
}

std::string instance_label(const run_insight& of, const workflow::instance_id& instance) {
  const auto found = of.workflow->step_index.find(instance.step);
  if (found != of.workflow->step_index.end() && !of.workflow->steps[found->second].each)
    return instance.step;
  return fmt::format("{}[{}]", instance.step, instance.index);
}

std::string gap_table(const run_insight& of) {
  if (of.gap.empty())
    return R"(<p class="note">There is no gap.</p>)"
           "\n";
  std::string rows;
  for (const auto& each : of.gap)
    rows += fmt::format(
        R"(<tr><th scope="row">{}</th><td class="n">{}</td><td class="n">{}</td><td class="bar {}"><i style="width:{:.1f}%"></i></td></tr>)"
        "\n",
        describe(each.why), time_text(each.on_chain), time_text(each.gap), phase_class(each.why),
        100 * part_of(each.gap, of.gap_total()));
  return fmt::format(
      R"(<div class="scroll"><table><thead><tr><th scope="col">What for</th><th scope="col" class="n">On the chain that ended last</th><th scope="col" class="n">Of the gap</th><td></td></tr></thead><tbody>{}</tbody></table></div>)"
      "\n",
      rows);
}

std::string attempt_table(const run_insight& of) {
  const auto all = attempt_rows(of);
  if (all.empty())
    return R"(<p class="note">There was no attempt.</p>)"
           "\n";
  std::string rows;
  for (std::size_t i = 0; i < all.size() && i < most_attempt_rows; ++i)
    rows += attempt_html(all[i]);
  auto out = fmt::format(
      R"(<div class="scroll tall" tabindex="0" role="region" aria-label="Attempts"><table><thead><tr><th scope="col">Step</th><th scope="col" class="n">Attempt</th><th scope="col">Outcome</th><th scope="col" class="n">Wanted at</th><th scope="col">Waited</th><th scope="col" class="n">Ran</th><th scope="col">Where</th><th scope="col">Failure</th></tr></thead><tbody>{}</tbody></table></div>)"
      "\n",
      rows);
  if (all.size() > most_attempt_rows)
    out +=
        fmt::format(R"(<p class="cut">{} of {} are shown, those that did not complete first.</p>)"
                    "\n",
                    format_count(most_attempt_rows), plural(all.size(), "attempt"));
  return out;
}

} // namespace troupe::agents
