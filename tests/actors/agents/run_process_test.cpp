// Real commands: what they may take is bounded, and nothing of them is left.
#include "actors/agents/process/guard/tree.hpp"
#include "actors/agents/process/run_process.hpp"
#include "tests/support/files.hpp"
#include "tests/support/processes.hpp"
#include "tests/support/time_scale.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace troupe;
using namespace troupe::agents;
using namespace std::chrono_literals;
using troupe::test::ends;
using troupe::test::temporary_folder;
using clock_type = std::chrono::steady_clock;

BOOST_AUTO_TEST_SUITE(agents_run_process)

namespace {

const auto on_and_on = [] { return true; };

process_plan shell(const std::string& script) {
  process_plan made;
  made.program = "/bin/sh";
  made.argv = {"sh", "-c", script};
  made.environment = {"PATH=/usr/bin:/bin"};
  made.limits.wall = 60s; // so that a test that goes wrong ends
  return made;
}

process_plan python(const std::string& script) {
  process_plan made = shell("");
  made.program = "/usr/bin/python3";
  made.argv = {"python3", "-c", script};
  return made;
}

process_outcome must_run(const process_plan& plan) {
  auto done = run_process(plan, on_and_on);
  if (!done) throw std::runtime_error{done.error().message};
  return std::move(*done);
}

std::vector<pid_t> numbers_of(const std::string& file) {
  std::vector<pid_t> made;
  std::ifstream in{file};
  for (pid_t each = 0; in >> each;)
    made.push_back(each);
  return made;
}

bool no_children_left() {
  return ::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD;
}

void check_limit(const process_outcome& done, const std::string& which) {
  BOOST_TEST((done.end == process_end::limit));
  BOOST_TEST(done.limit == which);
  BOOST_TEST(done.not_killed == 0u);
  BOOST_TEST(no_children_left());
}

} // namespace

BOOST_AUTO_TEST_CASE(what_a_command_says_is_kept) {
  const auto done = must_run(shell("echo out; echo err >&2; exit 3"));
  BOOST_TEST((done.end == process_end::exited));
  BOOST_TEST(done.code == 3);
  BOOST_TEST(done.output == "out\n");
  BOOST_TEST(done.error_output == "err\n");
  BOOST_TEST(!done.output_truncated);
  BOOST_TEST(done.wall.count() > 0);
  BOOST_TEST(done.peak_memory_bytes > 0u);
  BOOST_TEST(no_children_left());
}

BOOST_AUTO_TEST_CASE(a_signal_is_told_from_an_exit) {
  const auto done = must_run(shell("kill -TERM $$"));
  BOOST_TEST((done.end == process_end::signalled));
  BOOST_TEST(done.code == SIGTERM);
}

BOOST_AUTO_TEST_CASE(input_and_environment_are_what_was_given) {
  process_plan plan = shell("env; cat");
  plan.environment.emplace_back("A=b c");
  plan.input = std::string(1U << 20U, 'x') + std::string("\0\xff", 2);
  plan.limits.output_bytes = 2U << 20U;
  const auto done = must_run(plan);
  BOOST_TEST(done.output.find("A=b c\n") != std::string::npos);
  BOOST_TEST(done.output.find("HOME=") == std::string::npos); // nothing of this process
  BOOST_TEST(done.output.ends_with(plan.input));
}

BOOST_AUTO_TEST_CASE(files_of_this_process_are_not_handed_on) {
  const int leak = ::dup(1); // no FD_CLOEXEC
  process_plan plan = shell("ls /proc/self/fd | wc -l");
  const auto done = must_run(plan);
  ::close(leak);
  BOOST_TEST(done.output.find('4') != std::string::npos, done.output); // three, and that of ls
}

BOOST_AUTO_TEST_CASE(the_folder_is_the_one_that_was_named) {
  const temporary_folder folder;
  process_plan plan = shell("pwd");
  plan.folder = folder.path().string();
  BOOST_TEST(must_run(plan).output == folder.path().string() + "\n");
  plan.folder = "/no/such/folder";
  const auto refused = run_process(plan, on_and_on);
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().type == "process.cannot_start");
  BOOST_TEST(refused.error().message == "cannot enter /no/such/folder: No such file or directory");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_executed_says_so) {
  process_plan plan = shell("");
  plan.program = "/no/such/program";
  const auto refused = run_process(plan, on_and_on);
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().type == "process.cannot_start");
  BOOST_TEST(refused.error().message.find("execute /no/such/program: No such file") !=
             std::string::npos);
  BOOST_TEST(no_children_left());
}

BOOST_AUTO_TEST_CASE(wall_time_is_bounded) {
  process_plan plan = shell("echo begun; sleep 300");
  plan.limits.wall = 300ms;
  const auto began = clock_type::now();
  const auto done = must_run(plan);
  check_limit(done, "wall time");
  BOOST_TEST(done.output == "begun\n"); // what was said before is kept
  BOOST_TEST((clock_type::now() - began < 10s));
}

BOOST_AUTO_TEST_CASE(a_command_may_end_by_itself_when_it_is_asked_to) {
  const temporary_folder folder;
  const std::string ready = folder.path() / "ready";
  const auto is_ready = [&] { return std::filesystem::exists(ready); };
  const std::string loop = "; touch " + ready + "; while :; do sleep 0.05; done";
  const auto polite =
      run_process(shell("trap 'echo told; exit 3' TERM" + loop), on_and_on, is_ready);
  BOOST_REQUIRE(polite);
  BOOST_TEST((polite->end == process_end::exited));
  BOOST_TEST(polite->code == 3);
  BOOST_TEST(polite->output == "told\n");
  std::filesystem::remove(ready);
  // One that does not is ended with all that it started.
  int looked = 0;
  const auto stubborn = run_process(
      shell("trap '' TERM; sleep 300 &" + loop.substr(1)),
      [&] { return !is_ready() || ++looked < 5; }, is_ready);
  BOOST_REQUIRE(stubborn);
  BOOST_TEST((stubborn->end == process_end::stopped));
  BOOST_TEST(no_children_left());
}

BOOST_AUTO_TEST_CASE(a_command_ends_when_it_is_not_to_go_on) {
  const auto until = clock_type::now() + 200ms;
  const auto done = run_process(shell("sleep 300"), [&] { return clock_type::now() < until; });
  BOOST_REQUIRE(done);
  BOOST_TEST((done->end == process_end::stopped));
  BOOST_TEST((clock_type::now() - until < 10s));
  BOOST_TEST(no_children_left());
}

BOOST_AUTO_TEST_CASE(memory_is_bounded) {
  process_plan plan = python("x = []\nwhile True: x.append(bytearray(1 << 20))");
  plan.limits.memory_bytes = 64U << 20U;
  const auto done = must_run(plan);
  check_limit(done, "memory");
  BOOST_TEST(done.peak_memory_bytes < 256U << 20U);
  BOOST_TEST(!done.memory_by_cgroup);
}

BOOST_AUTO_TEST_CASE(memory_counts_for_the_whole_tree) {
  process_plan plan = python("import os, time\nfor i in range(3): os.fork()\n"
                             "x = bytearray(os.urandom(16)) * (1 << 20)\ntime.sleep(300)");
  plan.limits.memory_bytes = 96U << 20U; // each of the eight has 16 MiB of its own
  check_limit(must_run(plan), "memory");
}

BOOST_AUTO_TEST_CASE(memory_that_is_shared_counts_once) {
  process_plan plan = python("import os, time\nx = bytearray(os.urandom(16)) * (2 << 20)\n"
                             "for i in range(3): os.fork()\ntime.sleep(0.3)");
  plan.limits.memory_bytes = 160U << 20U; // 32 MiB that eight processes share
  const auto done = must_run(plan);
  BOOST_TEST((done.end == process_end::exited));
  BOOST_TEST(done.code == 0);
}

BOOST_AUTO_TEST_CASE(an_allocation_beyond_the_limit_is_refused_at_once) {
  process_plan plan = python("x = bytearray(1 << 32)");
  plan.limits.memory_bytes = 64U << 20U;
  const auto done = must_run(plan);
  BOOST_TEST((done.end != process_end::exited || done.code == 1));
  BOOST_TEST(done.error_output.find("MemoryError") != std::string::npos, done.error_output);
}

BOOST_AUTO_TEST_CASE(cpu_time_is_bounded) {
  process_plan plan = shell("while :; do :; done");
  plan.limits.cpu = 300ms;
  const auto done = must_run(plan);
  check_limit(done, "cpu time");
  BOOST_TEST((done.user + done.system).count() > 0.2);
}

BOOST_AUTO_TEST_CASE(cpu_time_counts_for_the_whole_tree) {
  // Each of the children alone stays below, however slowly it gets there.
  process_plan plan =
      python("import os, time\nfor i in range(10):\n  if os.fork() == 0:\n"
             "    while time.process_time() < 0.2: pass\n    os._exit(0)\n  os.wait()");
  plan.limits.cpu = 700ms;
  check_limit(must_run(plan), "cpu time");
}

BOOST_AUTO_TEST_CASE(an_output_flood_is_cut_or_ends_the_command) {
  process_plan plan = shell("yes | head -c 100000000");
  plan.limits.output_bytes = 1'000;
  const auto cut = must_run(plan);
  BOOST_TEST((cut.end == process_end::exited));
  BOOST_TEST(cut.output.size() == 1'000u);
  BOOST_TEST(cut.output_truncated);
  plan.argv[2] = "yes >&2";
  plan.limits.output_ends = true;
  const auto ended = must_run(plan);
  check_limit(ended, "output");
  BOOST_TEST(ended.error_output_truncated);
}

BOOST_AUTO_TEST_CASE(nothing_that_it_started_is_left) {
  const temporary_folder folder;
  const std::string file = (folder.path() / "pids").string();
  // In the background, in a session of its own, and as a daemon whose parent has gone.
  const auto done =
      must_run(shell("sleep 301 & echo $! >> " + file + "; setsid sleep 302 & echo $! >> " + file +
                     "; (setsid sh -c 'echo $$ >> " + file +
                     "; sleep 303; true' &) ; "
                     "while [ $(wc -l < " +
                     file + ") -lt 3 ]; do sleep 0.01; done; echo over"));
  BOOST_TEST(done.output == "over\n");
  BOOST_TEST(done.code == 0);
  const auto started = numbers_of(file);
  BOOST_TEST(started.size() == 3u);
  for (const pid_t each : started)
    BOOST_TEST(ends(each, 2s));
  BOOST_TEST(no_children_left());
}

BOOST_AUTO_TEST_CASE(a_limit_ends_the_whole_tree) {
  const temporary_folder folder;
  const std::string file = (folder.path() / "pids").string();
  process_plan plan =
      shell("trap '' TERM INT HUP; setsid sh -c 'trap \"\" TERM; echo $$ >> " + file +
            "; sleep 304; sleep 304' & echo $! >> " + file + "; sleep 305; sleep 305");
  plan.limits.wall = 500ms;
  check_limit(must_run(plan), "wall time");
  const auto started = numbers_of(file);
  BOOST_TEST(!started.empty());
  for (const pid_t each : started)
    BOOST_TEST(ends(each, 2s));
}

BOOST_AUTO_TEST_CASE(a_fork_bomb_is_bounded) {
  process_plan slow = shell("while :; do sleep 306 & done");
  slow.limits.processes = 20;
  const auto slowly = must_run(slow);
  check_limit(slowly, "processes");
  // One that doubles is tried only where the kernel holds the number: a test must not harm who else is on the machine.
  if (!slowly.processes_by_cgroup) {
    BOOST_TEST_MESSAGE("no control group for processes here: the bomb that doubles is left out");
    return;
  }
  process_plan fast = shell("f() { f | f & }; f; sleep 306");
  fast.limits.processes = 20;
  check_limit(must_run(fast), "processes");
}

BOOST_AUTO_TEST_CASE(orphans_leave_no_zombies_behind) {
  // The guard is their parent then.
  process_plan plan = shell("for i in 1 2 3 4 5 6 7 8 9 10; do (sleep 0.01 &) ; done; sleep 0.5; "
                            "ps -o stat= --ppid $PPID");
  const auto done = must_run(plan);
  BOOST_TEST(done.output.find('Z') == std::string::npos, done.output);
}

BOOST_AUTO_TEST_CASE(the_command_goes_with_its_guard) {
  const temporary_folder folder;
  const std::string file = (folder.path() / "pids").string();
  bool killed = false;
  const auto done = run_process(shell("echo $$ > " + file + "; exec sleep 307"), [&] {
    if (!killed && !numbers_of(file).empty())
      for (const pid_t guard : process_guard::children_of(::getpid()))
        killed = ::kill(guard, SIGKILL) == 0;
    return true;
  });
  BOOST_REQUIRE(!done);
  BOOST_TEST(done.error().type == "process.guard_lost");
  BOOST_TEST(done.error().retryable);
  BOOST_TEST(ends(numbers_of(file).at(0), 2s));
}

BOOST_AUTO_TEST_CASE(several_run_at_once) {
  std::vector<std::thread> threads;
  std::vector<std::string> outputs(8);
  for (std::size_t i = 0; i < outputs.size(); ++i)
    threads.emplace_back([&outputs, i] {
      for (int again = 0; again < 5; ++again)
        outputs[i] = must_run(shell("sleep 0.05; echo " + std::to_string(i))).output;
    });
  for (auto& each : threads)
    each.join();
  for (std::size_t i = 0; i < outputs.size(); ++i)
    BOOST_TEST(outputs[i] == std::to_string(i) + "\n");
  BOOST_TEST(no_children_left());
}

BOOST_AUTO_TEST_CASE(a_control_group_ends_all_that_is_in_it) {
  // Version 2 beside version 1 has no controllers, but groups can be ended.
  const std::string base = std::filesystem::exists("/sys/fs/cgroup/unified/cgroup.procs")
                               ? "/sys/fs/cgroup/unified"
                               : "/sys/fs/cgroup";
  if (::geteuid() != 0 || ::access((base + "/cgroup.procs").c_str(), W_OK) != 0) {
    BOOST_TEST_MESSAGE("no writable control groups of version 2 here");
    return;
  }
  process_plan plan = shell("grep ^0:: /proc/self/cgroup; setsid sleep 308 & exit 0");
  plan.cgroup = base;
  plan.limits.memory_bytes = 64U << 20U;
  const auto done = must_run(plan);
  BOOST_TEST(done.output.find("/troupe-") != std::string::npos, done.output);
  for (const auto& each : std::filesystem::directory_iterator{base})
    BOOST_TEST(!each.path().filename().string().starts_with("troupe-"), each.path());
}

BOOST_AUTO_TEST_SUITE_END()
