// Files of schedules, and the ids of their runs.
#include "actors/workflow/cron/schedule.hpp"

#include <boost/test/unit_test.hpp>
#include <date/date.h>
#include <fmt/format.h>
#include <set>

using namespace troupe::workflow;
using namespace troupe::workflow::cron;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(workflow_schedule)

namespace {

std::string faults(const std::string& yaml) {
  const auto made = load_schedules(yaml, "s.yaml");
  return made ? "" : to_string(made.error());
}

/// One schedule with these lines, which begin in line 5.
std::string with(const std::string& lines) {
  return "schedules:\n  job:\n    workflow: w.yaml\n    cron: \"@daily\"\n" + lines;
}

const minute_point noon{date::sys_days{date::year{2026} / 11 / 27} + 12h};

} // namespace

BOOST_AUTO_TEST_CASE(a_file_is_read) {
  const auto made = load_schedules("schedules:\n"
                                   "  night-ly:\n"
                                   "    workflow: flows/redact.yaml\n"
                                   "    input: { folder: in, count: 3, deep: true }\n"
                                   "    cron: \"30 2 * * *\"\n"
                                   "    time_zone: Europe/Berlin\n"
                                   "    jitter: 5m\n"
                                   "    catch_up: all\n"
                                   "    catch_up_window: 2d\n"
                                   "    overlap: cancel\n"
                                   "    priority: -7\n"
                                   "    deadline: 90m\n"
                                   "    tenant: acme\n"
                                   "  plain: { workflow: w.yaml, cron: \"@hourly\" }\n",
                                   "s.yaml");
  BOOST_REQUIRE_MESSAGE(made, faults(""));
  BOOST_REQUIRE(made->size() == 2u);
  const schedule& first = made->front();
  BOOST_TEST(first.name == "night-ly");
  BOOST_TEST(first.workflow == "flows/redact.yaml");
  BOOST_TEST(first.inputs == (std::vector<std::string>{"folder=in", "count=3", "deep=true"}),
             boost::test_tools::per_element());
  BOOST_TEST(first.in.name() == "Europe/Berlin");
  BOOST_TEST((first.jitter == 5min));
  BOOST_TEST((first.catch_up == catch_up_policy::all));
  BOOST_TEST((first.catch_up_window == 48h));
  BOOST_TEST((first.overlap == overlap_policy::cancel));
  BOOST_TEST(first.priority == -7);
  BOOST_TEST((first.deadline == 90min));
  BOOST_TEST(first.tenant == "acme");
  const schedule& plain = made->back();
  BOOST_TEST((plain.catch_up == catch_up_policy::none));
  BOOST_TEST((plain.overlap == overlap_policy::skip));
  BOOST_TEST((plain.catch_up_window == 24h));
  BOOST_TEST(plain.in.name() == "UTC");
}

BOOST_AUTO_TEST_CASE(mistakes_have_a_place_and_a_remedy) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "s.yaml"},
      {"schedules: {}", "there are no schedules"},
      {"schedules: { job: { cron: \"@daily\" } }",
       "s.yaml:1:14: error: the schedule has no workflow"},
      {"schedules: { job: { workflow: w } }", "s.yaml:1:14: error: the schedule has no time"},
      {"schedules: { a.b: { workflow: w, cron: \"@daily\" } }", "bad name 'a.b'"},
      {"schedule: {}", "unknown key 'schedule'"},
      {"schedules: { job: { workflow: w, cron: \"* * * *\" } }", "s.yaml:1:40: error: 4 fields"},
      {with("    time_zone: Mars/Olympus\n"), "s.yaml:5:16: error: bad time zone 'Mars/Olympus'"},
      {with("    jitter: soon\n"), "s.yaml:5:13: error:"},
      {with("    jitter: 25h\n"), "25h is longer than"},
      {with("    catch_up: some\n"), "unknown word 'some'; write none, latest or all"},
      {with("    catch_up_window: 32d\n"), "32d is longer than"},
      {with("    overlap: queue\n"), "unknown word 'queue'; write skip, allow or cancel"},
      {with("    priority: 101\n"), "s.yaml:5:"},
      {with("    tenant: a b\n"), "s.yaml:5:13: error: bad tenant 'a b'"},
      {with("    input: [a]\n"), "must be a mapping"},
      {with("    input: { a: [1] }\n"), "must be a text"},
      {with("    often: true\n"), "unknown key 'often'"},
      {with("  job: { workflow: w, cron: \"@daily\" }\n"), "job"},
      {"schedules: &a { job: *a }", "s.yaml:1:"}};
  for (const auto& [yaml, words] : cases)
    BOOST_TEST(faults(yaml).find(words) != std::string::npos, yaml << "\n" << faults(yaml));
  std::string many = "schedules:\n";
  for (int i = 0; i <= 1'000; ++i)
    many += fmt::format("  s{}: {{ workflow: w, cron: \"@daily\" }}\n", i);
  BOOST_TEST(faults(many).find("1001 schedules, a file may have 1000") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_run_has_one_id_and_the_id_one_time) {
  schedule job;
  job.name = "job";
  BOOST_TEST(run_id_of(job, noon) == "job.20261127T1200Z");
  BOOST_TEST((due_of(job, "job.20261127T1200Z") == noon));
  for (const std::string other :
       {"job", "job.", "job.20261127T1200", "job.20261127T1200ZZ", "job2.20261127T1200Z",
        "job.20261327T1200Z", "job.20261127T2400Z", "job.20261127T1260Z", "job.2026112xT1200Z",
        "job.20261127-1200Z", "jobs20261127T1200Z"})
    BOOST_TEST(!due_of(job, other), other);
}

BOOST_AUTO_TEST_CASE(the_jitter_is_the_same_each_time_and_spreads) {
  schedule job;
  job.name = "job";
  BOOST_TEST((start_of(job, noon) == noon));
  job.jitter = 60s;
  std::set<std::chrono::system_clock::duration> delays;
  for (int i = 0; i < 100; ++i) {
    const auto due = noon + std::chrono::minutes{i};
    const auto delay = start_of(job, due) - due;
    BOOST_TEST((delay >= 0s && delay < 60s));
    BOOST_TEST((start_of(job, due) - due == delay));
    delays.insert(delay);
  }
  BOOST_TEST(delays.size() > 90u);
  BOOST_TEST((*delays.begin() < 10s));
  BOOST_TEST((*delays.rbegin() > 50s));
}

BOOST_AUTO_TEST_SUITE_END()
