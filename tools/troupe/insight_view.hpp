#pragma once

#include "actors/workflow/insight/insight.hpp"

#include <chrono>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

/// How what a history says of a run's time looks to people and to programs.
namespace troupe::cli {

/// `read[3]`; of a step without `for_each` its name alone.
[[nodiscard]] std::string instance_name(const workflow::run_insight& of,
                                        const workflow::instance_id& instance);

/// `1.23 s`, `4 min 05 s`; below a second `12.3 ms`.
[[nodiscard]] std::string span_text(workflow::duration time);

/// One or two lines on makespan, bound and gap; none for a run that is not closed.
[[nodiscard]] std::vector<std::string> insight_lines(const workflow::run_insight& of);

/// {"seconds","measured","bound":{...},"gap":{...}}.
[[nodiscard]] nlohmann::ordered_json insight_json(const workflow::run_insight& of);

/// Whether a wait is to be pointed out: it is older than a person said, and nobody set a time for it that is yet to come.
[[nodiscard]] bool is_alarm(const workflow::run_insight& of, const workflow::open_wait& wait,
                            workflow::duration oldest);

/// `waits for signal approve since 4 min 05 s`.
[[nodiscard]] std::string wait_text(const workflow::run_insight& of,
                                    const workflow::open_wait& wait);

/// One instance, with its phases, attempts and what it waits for.
[[nodiscard]] nlohmann::ordered_json instance_json(const workflow::run_insight& of,
                                                   const workflow::instance_insight& instance,
                                                   workflow::duration oldest);

/// The same for people, several lines.
[[nodiscard]] std::vector<std::string> instance_lines(const workflow::run_insight& of,
                                                      const workflow::instance_insight& instance,
                                                      workflow::duration oldest);

} // namespace troupe::cli
