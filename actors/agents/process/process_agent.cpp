#include "actors/agents/process/process_agent.hpp"

#include "actors/agents/process/secrets.hpp"
#include "actors/runtime/typed_agent.hpp"
#include "kernels/text/utf8.hpp"
#include "troupe/v1/process.pb.h"

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstring>
#include <fmt/format.h>
#include <numeric>

namespace troupe::agents {
namespace {

constexpr std::size_t most_arguments = 4'096;
constexpr std::size_t most_argument_bytes = std::size_t{1} << 20;
constexpr std::size_t most_variables = 256;
constexpr std::size_t largest_output_bytes = std::size_t{16} << 20;
constexpr double longest_seconds = 365.0 * 24 * 3600;
/// Where a request does not say.
constexpr std::uint32_t usual_processes = 256;
/// Of the end of a command's standard error that its failure quotes.
constexpr std::size_t quoted_bytes = 500;

tl::unexpected<failure> bad_request(std::string why) {
  return tl::unexpected(failure{"process.bad_request", std::move(why), false});
}

tl::unexpected<failure> not_allowed(std::string why) {
  return tl::unexpected(failure{"process.not_allowed", std::move(why), false});
}

bool has_nul(const std::string& text) {
  return text.find('\0') != std::string::npos;
}

/// A checked request, with what must not be shown.
struct checked_request {
  process_plan plan;
  std::vector<secret> secrets;
  /// Of each output, once secrets are out of it.
  std::size_t output_bytes = 0;
};

reply<void> check_program(const v1::RunProcessRequest& from, const process_policy& policy,
                          process_plan& made) {
  if (policy.programs.empty())
    return not_allowed(
        "this node runs no programs; start it with --allow-process /PATH/OF/PROGRAM, or set "
        "node_options::process, where its operator wants that");
  if (from.argv().empty()) return bad_request("argv is empty; give the program and its arguments");
  made.program = allowed_program(policy, from.argv(0));
  if (made.program.empty())
    return not_allowed(fmt::format("this node does not run '{}'; use one of {}, or have it allowed",
                                   from.argv(0).substr(0, 200), fmt::join(policy.programs, ", ")));
  made.argv.assign(from.argv().begin(), from.argv().end());
  const auto bytes = std::accumulate(
      made.argv.begin(), made.argv.end(), std::size_t{0},
      [](std::size_t sum, const std::string& each) { return sum + each.size() + 1; });
  if (made.argv.size() > most_arguments || bytes > most_argument_bytes)
    return bad_request("argv has more than 4,096 texts or 1 MiB; give them as input");
  if (std::ranges::any_of(made.argv, has_nul))
    return bad_request("an argument has a NUL byte, which no command takes; leave it out");
  return {};
}

reply<void> check_name(const std::string& name, const process_policy& policy,
                       const process_plan& made) {
  if (!is_variable_name(name))
    return bad_request(fmt::format("'{}' is no name of a variable; use letters, digits and '_'",
                                   name.substr(0, 140)));
  if (!allowed_variable(policy, name))
    return not_allowed(
        fmt::format("this node does not let commands have the variable {}; have it allowed with "
                    "--allow-process-env {}",
                    name, name));
  if (std::ranges::any_of(made.environment,
                          [&](const std::string& each) { return each.starts_with(name + "="); }))
    return bad_request(fmt::format("the variable {} is there twice; keep one", name));
  if (made.environment.size() >= most_variables)
    return bad_request("there are more than 256 variables; give fewer");
  return {};
}

reply<secret> read_secret(const v1::SecretVariable& from, const process_policy& policy) {
  if (from.from_variable().empty() == from.from_file().empty())
    return bad_request(
        fmt::format("secret {} needs one of from_variable and from_file", from.name()));
  const std::string reference =
      from.from_file().empty() ? "env:" + from.from_variable() : "file:" + from.from_file();
  if (std::ranges::find(policy.secrets, reference) == policy.secrets.end())
    return not_allowed(fmt::format(
        "this node does not hand {} to commands; have it allowed with --allow-process-secret {}",
        reference.substr(0, 300), reference.substr(0, 300)));
  return from.from_file().empty() ? secret_from_variable(from.name(), from.from_variable())
                                  : secret_from_file(from.name(), from.from_file());
}

reply<void> check_environment(const v1::RunProcessRequest& from, const process_policy& policy,
                              const call_context& context, checked_request& made) {
  const envelope_header& header = context.header();
  made.plan.environment = {"PATH=" + policy.path};
  // The same for every attempt of a step: how a command tells that it did its work before.
  if (!header.idempotency_key.empty() && !has_nul(header.idempotency_key))
    made.plan.environment.push_back("TROUPE_IDEMPOTENCY_KEY=" + header.idempotency_key);
  if (const auto attempt = context.attempt(); attempt > 0)
    made.plan.environment.push_back(fmt::format("TROUPE_ATTEMPT={}", attempt));
  for (const v1::EnvironmentVariable& each : from.environment()) {
    if (auto good = check_name(each.name(), policy, made.plan); !good) return good;
    if (has_nul(each.value()) || each.value().size() > most_argument_bytes)
      return bad_request(
          fmt::format("the value of {} has a NUL byte or more than 1 MiB", each.name()));
    made.plan.environment.push_back(each.name() + "=" + each.value());
  }
  for (const v1::SecretVariable& each : from.secret_environment()) {
    if (auto good = check_name(each.name(), policy, made.plan); !good) return good;
    auto value = read_secret(each, policy);
    if (!value) return tl::unexpected(std::move(value.error()));
    made.plan.environment.push_back(value->name + "=" + value->value);
    made.secrets.push_back(std::move(*value));
  }
  return {};
}

template <class Duration>
reply<Duration> seconds(double given, const char* name) {
  if (!(given >= 0 && given <= longest_seconds))
    return bad_request(fmt::format("{} must be from 0 to a year", name));
  return std::chrono::ceil<Duration>(std::chrono::duration<double>{given});
}

reply<void> check_limits(const v1::ProcessLimits& from, std::uint64_t granted_memory_bytes,
                         checked_request& made) {
  process_limits& limits = made.plan.limits;
  const auto cpu = seconds<std::chrono::microseconds>(from.cpu_seconds(), "cpu_seconds");
  if (!cpu) return tl::unexpected(cpu.error());
  const auto wall = seconds<std::chrono::milliseconds>(from.wall_seconds(), "wall_seconds");
  if (!wall) return tl::unexpected(wall.error());
  limits.cpu = *cpu;
  limits.wall = *wall;
  if (from.output_bytes() > largest_output_bytes)
    return bad_request("output_bytes is more than 16 MiB; have the command write a file");
  if (from.output_overflow() < 0 || from.output_overflow() > v1::OUTPUT_OVERFLOW_FAIL)
    return bad_request("output_overflow is none of those that there are");
  made.output_bytes = from.output_bytes() > 0 ? from.output_bytes() : process_limits{}.output_bytes;
  // A secret that begins before the end of what is kept has to be seen as a whole.
  limits.output_bytes = made.output_bytes;
  for (const secret& each : made.secrets)
    limits.output_bytes = std::max(limits.output_bytes, made.output_bytes + each.value.size());
  limits.output_ends = from.output_overflow() == v1::OUTPUT_OVERFLOW_FAIL;
  limits.processes = from.processes() > 0 ? from.processes() : usual_processes;
  limits.memory_bytes = from.memory_bytes();
  if (granted_memory_bytes > 0 &&
      (limits.memory_bytes == 0 || granted_memory_bytes < limits.memory_bytes))
    limits.memory_bytes = granted_memory_bytes;
  return {};
}

reply<checked_request> check_request(const v1::RunProcessRequest& from,
                                     const process_policy& policy, const call_context& context) {
  checked_request made;
  if (auto good = check_program(from, policy, made.plan); !good)
    return tl::unexpected(std::move(good.error()));
  if (auto good = check_environment(from, policy, context, made); !good)
    return tl::unexpected(std::move(good.error()));
  if (auto good = check_limits(from.limits(), context.header().granted_memory_bytes, made); !good)
    return tl::unexpected(std::move(good.error()));
  made.plan.folder = from.working_folder();
  if (!made.plan.folder.empty() && (made.plan.folder[0] != '/' || has_nul(made.plan.folder)))
    return bad_request("working_folder is no absolute path; write all of it");
  made.plan.input = from.input();
  made.plan.cgroup = policy.cgroup;
  return made;
}

/// An output as it may be shown: no secret, no more than was asked for, UTF-8.
std::string shown(std::string text, const checked_request& request, bool& truncated) {
  redact(text, request.secrets, truncated);
  if (text.size() > request.output_bytes) {
    text.resize(request.output_bytes);
    truncated = true;
  }
  return text::repair_utf8(text).text;
}

std::string quoted_end(const std::string& text) {
  if (text.empty()) return {};
  std::string made = text.size() > quoted_bytes ? text.substr(text.size() - quoted_bytes) : text;
  while (made.ends_with('\n'))
    made.pop_back();
  return "; the end of its standard error: " + text::repair_utf8(made).text;
}

std::string limit_of(const process_outcome& done, const process_limits& limits) {
  if (done.limit == "memory")
    return fmt::format("memory, {} bytes, kept by {}", limits.memory_bytes,
                       done.memory_by_cgroup ? "a control group" : "its guard");
  if (done.limit == "cpu time")
    return fmt::format("cpu time, {} s", std::chrono::duration<double>{limits.cpu}.count());
  if (done.limit == "wall time")
    return fmt::format("wall time, {} s", std::chrono::duration<double>{limits.wall}.count());
  if (done.limit == "processes")
    return fmt::format("processes, {} at once with their threads", limits.processes);
  return fmt::format("{}, {} bytes", done.limit, limits.output_bytes);
}

/// What a command that did not do its work is answered with.
failure failure_of(const process_outcome& done, const process_plan& plan, const std::string& end) {
  const std::string left =
      done.not_killed == 0
          ? ""
          : fmt::format("; {} of its processes could not be ended", done.not_killed);
  switch (done.end) {
  case process_end::limit:
    return {"process.limit",
            fmt::format("{} was ended by its limit of {}{}{}", plan.program,
                        limit_of(done, plan.limits), left, end),
            false};
  case process_end::stopped:
    return {"process.stopped",
            fmt::format("{} was ended: nobody waits for it any more{}", plan.program, left), false};
  case process_end::signalled:
    return {"process.signal",
            fmt::format("{} was ended by signal {} ({}){}", plan.program, done.code,
                        sigdescr_np(done.code), end),
            true};
  case process_end::exited:
    break;
  }
  return {
      "process.exit",
      fmt::format("{} exited with {}{}{}", plan.program, done.code,
                  plan.limits.memory_bytes > 0 && !done.memory_by_cgroup
                      ? fmt::format(" (it may have {} bytes of memory)", plan.limits.memory_bytes)
                      : "",
                  end),
      true};
}

bool accepted(const v1::RunProcessRequest& request, int code) {
  if (request.accepted_exit_codes().empty()) return code == 0;
  return std::ranges::find(request.accepted_exit_codes(), static_cast<std::uint32_t>(code)) !=
         request.accepted_exit_codes().end();
}

reply<v1::RunProcessReply> answer_of(process_outcome done, const v1::RunProcessRequest& request,
                                     const checked_request& checked) {
  const std::string output = shown(std::move(done.output), checked, done.output_truncated);
  const std::string errors =
      shown(std::move(done.error_output), checked, done.error_output_truncated);
  if (done.end != process_end::exited || !accepted(request, done.code))
    return tl::unexpected(failure_of(done, checked.plan, quoted_end(errors)));
  v1::RunProcessReply made;
  made.set_exit_code(static_cast<std::uint32_t>(done.code));
  made.set_output(output);
  made.set_error_output(errors);
  made.set_output_truncated(done.output_truncated);
  made.set_error_output_truncated(done.error_output_truncated);
  made.set_wall_seconds(done.wall.count());
  made.set_user_seconds(done.user.count());
  made.set_system_seconds(done.system.count());
  made.set_peak_memory_bytes(done.peak_memory_bytes);
  if (checked.plan.limits.memory_bytes > 0)
    made.set_memory_enforced_by(done.memory_by_cgroup ? "cgroup" : "guard");
  return made;
}

reply<v1::RunProcessReply> run(const v1::RunProcessRequest& request, const call_context& context,
                               const process_service& service) {
  const auto checked = check_request(request, service.policy(), context);
  if (!checked) return tl::unexpected(checked.error());
  bool gave_its_place = false;
  auto done = run_process(
      checked->plan,
      [&] {
        context.heartbeat();
        return !context.abandoned() && !service.stopping();
      },
      [&] {
        gave_its_place = gave_its_place || context.preempted();
        return gave_its_place || context.cancelled();
      });
  if (!done) return tl::unexpected(std::move(done.error()));
  // However the program ended: it was told to before it had come to its own end.
  if (gave_its_place && !context.cancelled())
    return tl::unexpected(failure{
        "process.preempted", "the program was told to end, for a step of a higher priority", true});
  return answer_of(std::move(*done), request, *checked);
}

} // namespace

agent_type process_run_agent(std::shared_ptr<process_service> service) {
  const auto handle = [service = std::move(service)](
                          std::shared_ptr<const v1::RunProcessRequest> request,
                          std::shared_ptr<const call_context> context,
                          const typed_responder<v1::RunProcessReply>& respond) {
    // Who waited in vain for a thread is not begun.
    const bool taken = service->post([&service = *service, request, context, respond] {
      if (!context->cancelled() && !service.stopping())
        respond(run(*request, *context, service));
      else
        respond.fail({"process.stopped", "nobody waits for it any more; it was not begun", false});
    });
    if (!taken)
      respond.fail({"process.too_many",
                    "too many commands wait on this node, or it stops; try again later", true});
  };
  return typed_agent<v1::RunProcessRequest, v1::RunProcessReply>(
      "process.run", "Runs a command within limits", handle);
}

} // namespace troupe::agents
