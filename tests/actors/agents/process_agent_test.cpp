// process.run as an agent: what a node allows, what nobody sees, and what failures say.
#include "actors/agents/process/process_agent.hpp"
#include "actors/agents/process/secrets.hpp"
#include "actors/runtime/agent_system.hpp"
#include "actors/runtime/errc.hpp"
#include "actors/runtime/typed_agent.hpp"
#include "tests/support/files.hpp"
#include "tests/support/processes.hpp"
#include "troupe/v1/process.pb.h"

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <sys/stat.h>

using namespace troupe;
using namespace troupe::agents;
using namespace std::chrono_literals;
using troupe::test::beginning;
using troupe::test::ends;
using troupe::test::temporary_folder;

BOOST_AUTO_TEST_SUITE(agents_process_agent)

namespace {

const std::string password = "correct horse battery staple";

/// A node with nothing but this agent.
struct process_node {
  std::shared_ptr<process_service> service;
  std::unique_ptr<agent_system> agents;

  explicit process_node(process_policy policy) {
    const auto good = check(policy);
    if (!good) throw std::runtime_error{good.error().message()};
    service = std::make_shared<process_service>(std::move(policy));
    agents = std::move(*agent_system::start());
    (void)agents->add(process_run_agent(service));
  }

  reply<v1::RunProcessReply> ask(const v1::RunProcessRequest& request,
                                 request_options how = {}) const {
    auto answer = expect_reply<v1::RunProcessReply>(
        agents->request_and_wait({"process.run"}, share(request), std::move(how)));
    if (!answer) return tl::unexpected(std::move(answer.error()));
    return **answer;
  }
};

process_policy with_shell() {
  process_policy made;
  made.programs = {"/bin/sh", "/usr/bin/python3"};
  made.environment = {"TOKEN", "OTHER"};
  return made;
}

v1::RunProcessRequest shell(const std::string& script) {
  v1::RunProcessRequest made;
  made.add_argv("sh");
  made.add_argv("-c");
  made.add_argv(script);
  made.mutable_limits()->set_wall_seconds(30);
  return made;
}

void check_failure(const reply<v1::RunProcessReply>& got, const std::string& type,
                   const std::string& words) {
  BOOST_REQUIRE(!got);
  BOOST_TEST(got.error().type == type);
  BOOST_TEST(got.error().message.find(words) != std::string::npos, got.error().message);
}

} // namespace

BOOST_AUTO_TEST_CASE(a_node_runs_nothing_by_default) {
  const process_node node{process_policy{}};
  const auto refused = node.ask(shell("true"));
  check_failure(refused, "process.not_allowed",
                "this node runs no programs; start it with --allow-process");
  BOOST_TEST(!refused.error().retryable);
}

BOOST_AUTO_TEST_CASE(only_what_is_allowed_is_run) {
  const process_node node{with_shell()};
  v1::RunProcessRequest request = shell("true");
  BOOST_TEST(node.ask(request).has_value());
  request.set_argv(0, "/bin/sh");
  BOOST_TEST(node.ask(request).has_value());
  for (const char* other : {"/usr/bin/env", "env", "../bin/sh", "/usr/../bin/sh", ""}) {
    request.set_argv(0, other);
    check_failure(node.ask(request), "process.not_allowed", "this node does not run");
  }
  check_failure(node.ask({}), "process.bad_request", "argv is empty");
  request = shell("true");
  auto& variable = *request.add_environment();
  variable.set_name("LD_PRELOAD");
  variable.set_value("/tmp/x.so");
  check_failure(node.ask(request), "process.not_allowed", "--allow-process-env LD_PRELOAD");
  variable.set_name("A=B");
  check_failure(node.ask(request), "process.bad_request", "is no name of a variable");
  variable.set_name("TZ");
  BOOST_TEST(node.ask(request).has_value());
  request.add_environment()->set_name("TZ");
  check_failure(node.ask(request), "process.bad_request", "TZ is there twice");
}

BOOST_AUTO_TEST_CASE(requests_that_make_no_sense_say_why) {
  const process_node node{with_shell()};
  const auto with = [&](const std::function<void(v1::RunProcessRequest&)>& spoil) {
    v1::RunProcessRequest made = shell("true");
    spoil(made);
    return node.ask(made);
  };
  const auto bad = "process.bad_request";
  check_failure(with([](auto& r) { r.set_working_folder("here"); }), bad, "no absolute path");
  check_failure(with([](auto& r) { r.mutable_limits()->set_cpu_seconds(-1); }), bad,
                "cpu_seconds must be");
  check_failure(with([](auto& r) { r.mutable_limits()->set_wall_seconds(1e300); }), bad,
                "wall_seconds must be");
  check_failure(with([](auto& r) { r.mutable_limits()->set_output_bytes(1ULL << 40); }), bad,
                "16 MiB");
  check_failure(with([](auto& r) { r.set_argv(2, std::string("a\0b", 3)); }), bad, "NUL byte");
  check_failure(with([](auto& r) { r.set_argv(2, std::string(2U << 20U, 'x')); }), bad, "1 MiB");
  check_failure(with([](auto& r) {
                  r.mutable_limits()->set_output_overflow(static_cast<v1::OutputOverflow>(9));
                }),
                bad, "output_overflow");
}

BOOST_AUTO_TEST_CASE(exits_signals_and_limits_are_different_failures) {
  const process_node node{with_shell()};
  auto got = node.ask(shell("echo why not >&2; exit 7"));
  check_failure(got, "process.exit",
                "/bin/sh exited with 7; the end of its standard error: why not");
  BOOST_TEST(got.error().retryable);
  check_failure(node.ask(shell("kill -KILL $$")), "process.signal", "ended by signal 9 (Killed)");
  v1::RunProcessRequest request = shell("sleep 300");
  request.mutable_limits()->set_wall_seconds(0.2);
  got = node.ask(request);
  check_failure(got, "process.limit", "its limit of wall time, 0.2 s");
  BOOST_TEST(!got.error().retryable);
  request = shell("exit 7");
  request.add_accepted_exit_codes(7);
  got = node.ask(request);
  BOOST_REQUIRE(got);
  BOOST_TEST(got->exit_code() == 7u);
}

BOOST_AUTO_TEST_CASE(a_reply_tells_what_was_used) {
  const process_node node{with_shell()};
  v1::RunProcessRequest request = shell("printf 'gr\\374n'; cat");
  request.set_input("\n");
  request.mutable_limits()->set_memory_bytes(256U << 20U);
  const auto got = node.ask(request);
  BOOST_REQUIRE(got);
  BOOST_TEST(got->output() == "gr\uFFFDn\n"); // always UTF-8
  BOOST_TEST(got->wall_seconds() > 0);
  BOOST_TEST(got->peak_memory_bytes() > 0u);
  BOOST_TEST(got->memory_enforced_by() == "guard");
}

BOOST_AUTO_TEST_CASE(memory_that_was_granted_bounds_the_command) {
  const process_node node{with_shell()};
  v1::RunProcessRequest request;
  for (const char* each : {"python3", "-c", "x = []\nwhile True: x.append(bytearray(1 << 20))"})
    request.add_argv(each);
  request_options how;
  how.granted_memory_bytes = 64U << 20U;
  check_failure(node.ask(request, how), "process.limit",
                "its limit of memory, 67108864 bytes, kept by its guard");
  request.mutable_limits()->set_memory_bytes(32U << 20U); // the tighter one counts
  check_failure(node.ask(request, how), "process.limit", "memory, 33554432 bytes");
  request.mutable_limits()->set_memory_bytes(1ULL << 40U);
  check_failure(node.ask(request, how), "process.limit", "memory, 67108864 bytes");
}

BOOST_AUTO_TEST_CASE(secrets_reach_the_command_and_nobody_else) {
  const temporary_folder folder;
  const std::string file = (folder.path() / "key").string();
  std::ofstream{file} << "file-secret-0123\n";
  ::chmod(file.c_str(), 0600);
  ::setenv("TROUPE_TEST_PASSWORD", password.c_str(), 1);
  process_policy policy = with_shell();
  policy.secrets = {"env:TROUPE_TEST_PASSWORD", "file:" + file};
  const process_node node{policy};
  const auto with_secrets = [&](const std::string& script) {
    v1::RunProcessRequest made = shell(script);
    auto& first = *made.add_secret_environment();
    first.set_name("TOKEN");
    first.set_from_variable("TROUPE_TEST_PASSWORD");
    auto& second = *made.add_secret_environment();
    second.set_name("OTHER");
    second.set_from_file(file);
    return made;
  };
  // It has them.
  auto got = node.ask(
      with_secrets("[ \"$TOKEN\" = '" + password + "' ] && [ \"$OTHER\" = file-secret-0123 ]"));
  BOOST_TEST(got.has_value());
  // Nothing that it says shows them.
  got = node.ask(with_secrets("echo \"<$TOKEN><$OTHER>\"; echo \"err $OTHER\" >&2"));
  BOOST_REQUIRE(got);
  BOOST_TEST(got->output() == "<[secret TOKEN]><[secret OTHER]>\n");
  BOOST_TEST(got->error_output() == "err [secret OTHER]\n");
  check_failure(node.ask(with_secrets("echo \"bad $TOKEN\" >&2; exit 1")), "process.exit",
                "bad [secret TOKEN]");
  // Nor where the output is cut within one, wherever that is.
  for (int before = 0; before < 40; before += 3) {
    v1::RunProcessRequest request =
        with_secrets("printf '%" + std::to_string(before) + "s' ''; printf '%s' \"$TOKEN$TOKEN\"");
    request.mutable_limits()->set_output_bytes(40);
    got = node.ask(request);
    BOOST_REQUIRE(got);
    for (std::size_t length = 6; length <= password.size(); ++length)
      BOOST_TEST(got->output().find(password.substr(0, length)) == std::string::npos,
                 got->output());
  }
  ::unsetenv("TROUPE_TEST_PASSWORD");
}

BOOST_AUTO_TEST_CASE(secrets_that_are_not_safe_are_refused) {
  const temporary_folder folder;
  const auto write = [&](const std::string& name, const std::string& text, mode_t mode) {
    const std::string path = (folder.path() / name).string();
    std::ofstream{path} << text;
    ::chmod(path.c_str(), mode);
    return path;
  };
  const auto fault = [](const reply<secret>& got) {
    return got ? std::string{} : got.error().message;
  };
  BOOST_TEST(fault(secret_from_file("A", write("open", password, 0644))).find("chmod it to 600") !=
             std::string::npos);
  BOOST_TEST(
      fault(secret_from_file("A", write("short", "abc\n", 0600))).find("fewer than 4 bytes") !=
      std::string::npos);
  BOOST_TEST(fault(secret_from_file("A", write("nul", std::string("abc\0def", 7), 0600)))
                 .find("NUL byte") != std::string::npos);
  BOOST_TEST(
      fault(secret_from_file("A", write("big", std::string(70'000, 'x'), 0600))).find("64 KiB") !=
      std::string::npos);
  BOOST_TEST(fault(secret_from_file("A", folder.path().string())).find("no regular file") !=
             std::string::npos);
  std::filesystem::create_symlink(write("good", password, 0600), folder.path() / "link");
  BOOST_TEST(fault(secret_from_file("A", (folder.path() / "link").string())).find("cannot open") !=
             std::string::npos);
  BOOST_TEST(fault(secret_from_variable("A", "TROUPE_TEST_UNSET")).find("has no variable") !=
             std::string::npos);
  const auto good = secret_from_file("A", (folder.path() / "good").string());
  BOOST_REQUIRE(good);
  BOOST_TEST(good->value == password);
  // And a request names only what the node allows.
  const process_node node{with_shell()};
  v1::RunProcessRequest request = shell("true");
  auto& wanted = *request.add_secret_environment();
  wanted.set_name("TOKEN");
  wanted.set_from_variable("PATH");
  check_failure(node.ask(request), "process.not_allowed", "--allow-process-secret env:PATH");
  wanted.set_from_file("/etc/shadow");
  check_failure(node.ask(request), "process.bad_request",
                "needs one of from_variable and from_file");
}

BOOST_AUTO_TEST_CASE(a_deadline_ends_the_command) {
  const temporary_folder folder;
  const beginning began{folder.path() / "began"};
  const process_node node{with_shell()};
  request_options how;
  how.timeout = 2s;
  check_failure(node.ask(shell("echo $$ > " + began.path() + "; while :; do :; done"), how),
                "runtime.deadline_exceeded", "");
  BOOST_TEST(ends(began.await(0ms), 10s));
}

BOOST_AUTO_TEST_CASE(who_stops_waits_for_no_command) {
  const temporary_folder folder;
  const beginning began{folder.path() / "began"};
  std::promise<reply<message_ptr>> promise;
  {
    const process_node node{with_shell()};
    node.agents->request({"process.run"}, share(shell("echo $$ > " + began.path() + "; sleep 300")),
                         {}, [&](reply<message_ptr> got) { promise.set_value(std::move(got)); });
    const pid_t command = began.await(10s);
    const auto stopping = std::chrono::steady_clock::now();
    node.service->stop();
    const auto got = promise.get_future().get();
    BOOST_REQUIRE(!got);
    BOOST_TEST(got.error().type == "process.stopped");
    node.agents->stop();
    BOOST_TEST((std::chrono::steady_clock::now() - stopping < 10s));
    BOOST_TEST(ends(command, 10s));
  }
}

BOOST_AUTO_TEST_CASE(more_than_may_run_at_once_wait) {
  process_policy policy = with_shell();
  policy.max_at_once = 2;
  const process_node node{policy};
  const temporary_folder folder;
  std::vector<std::future<reply<message_ptr>>> answers;
  for (int i = 0; i < 6; ++i) {
    auto promise = std::make_shared<std::promise<reply<message_ptr>>>();
    answers.push_back(promise->get_future());
    // Each looks how many are there with it.
    node.agents->request({"process.run"},
                         share(shell("cd " + folder.path().string() +
                                     "; touch run$$; ls | wc -l; sleep 0.1; rm run$$")),
                         {},
                         [promise](reply<message_ptr> got) { promise->set_value(std::move(got)); });
  }
  for (auto& each : answers) {
    const auto got = expect_reply<v1::RunProcessReply>(each.get());
    BOOST_REQUIRE(got);
    BOOST_TEST(std::stoi((*got)->output()) <= 2);
  }
}

BOOST_AUTO_TEST_CASE(policies_are_checked) {
  const auto fault = [](const std::function<void(process_policy&)>& spoil) {
    process_policy made;
    spoil(made);
    const auto good = check(made);
    return good ? std::string{} : good.error().message();
  };
  BOOST_TEST(fault([](auto&) {}).empty());
  BOOST_TEST(fault([](auto& p) { p.programs = {"sh"}; }).find("no absolute path") !=
             std::string::npos);
  BOOST_TEST(fault([](auto& p) { p.programs = {"/etc/passwd"}; }).find("no executable file") !=
             std::string::npos);
  BOOST_TEST(fault([](auto& p) {
               p.programs = {"/bin/sh", "/usr/bin/sh"};
             }).find("two programs are called 'sh'") != std::string::npos);
  BOOST_TEST(fault([](auto& p) { p.environment = {"A-B"}; }).find("no name of a variable") !=
             std::string::npos);
  BOOST_TEST(fault([](auto& p) {
               p.secrets = {"PASSWORD"};
             }).find("write env:NAME or file:/PATH") != std::string::npos);
  BOOST_TEST(fault([](auto& p) { p.max_at_once = 0; }).find("max_at_once") != std::string::npos);
  BOOST_TEST(fault([](auto& p) { p.cgroup = "/no/such"; }).find("have that folder delegated") !=
             std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
