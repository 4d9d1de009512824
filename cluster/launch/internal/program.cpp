#include "cluster/launch/internal/program.hpp"

#include "actors/agents/process/run_process.hpp"
#include "cluster/launch/errc.hpp"

#include <cstdlib>
#include <sstream>
#include <unistd.h>

extern char** environ;

namespace troupe::cluster {
namespace {

std::vector<std::string> own_environment() {
  std::vector<std::string> all;
  for (char** each = environ; each && *each; ++each)
    all.emplace_back(*each);
  return all;
}

result<program_answer> answer_of(const program_call& call, agents::process_outcome& outcome) {
  const auto& name = call.command.front();
  switch (outcome.end) {
  case agents::process_end::exited:
    return program_answer{outcome.code, std::move(outcome.output), std::move(outcome.error_output)};
  case agents::process_end::signalled:
    return program_answer{128 + outcome.code, std::move(outcome.output),
                          std::move(outcome.error_output)};
  case agents::process_end::stopped:
    return fail(launch_errc::interrupted, name);
  case agents::process_end::limit:
    break;
  }
  return fail(launch_errc::timed_out,
              name + " did not end within " + std::to_string(call.timeout.count()) + " ms" +
                  (outcome.error_output.empty() ? "" : ": ") + last_line(outcome.error_output));
}

} // namespace

result<std::string> find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  const char* path = std::getenv("PATH");
  std::istringstream folders{path ? path : "/usr/local/bin:/usr/bin:/bin"};
  for (std::string folder; std::getline(folders, folder, ':');)
    if (const auto file = folder + "/" + name; ::access(file.c_str(), X_OK) == 0) return file;
  return fail(launch_errc::provider_failed,
              "there is no program " + name + " in PATH; install it, or add its folder to PATH");
}

result<program_answer> run_program(const program_call& call) {
  auto found = find_program(call.command.front());
  if (!found) return tl::unexpected(std::move(found.error()));
  agents::process_plan plan;
  plan.program = *found;
  plan.argv = call.command;
  plan.environment = own_environment();
  plan.input = call.input;
  plan.limits.wall = call.timeout;
  auto ended = agents::run_process(plan, [&] { return !call.stop_asked || !call.stop_asked(); });
  if (!ended) return fail(launch_errc::provider_failed, *found + ": " + ended.error().message);
  return answer_of(call, *ended);
}

result<std::string> run_well(const program_call& call) {
  auto answer = run_program(call);
  if (!answer) return tl::unexpected(std::move(answer.error()));
  if (answer->code == 0) return std::move(answer->output);
  const auto said = last_line(answer->error_output.empty() ? answer->output : answer->error_output);
  return fail(launch_errc::provider_failed, call.command.front() + " ended with " +
                                                std::to_string(answer->code) +
                                                (said.empty() ? "" : ": " + said));
}

std::string last_line(const std::string& text) {
  std::istringstream lines{text};
  std::string last;
  for (std::string line; std::getline(lines, line);)
    if (line.find_first_not_of(" \t\r") != std::string::npos) last = line;
  while (last.ends_with('\r'))
    last.pop_back();
  return last;
}

} // namespace troupe::cluster
