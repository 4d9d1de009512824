#include "actors/scheduling/cluster_reader.hpp"
#include "actors/scheduling/policy.hpp"
#include "actors/scheduling/trace_reader.hpp"
#include "tests/actors/scheduling/support.hpp"
#include "tests/support/files.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <sstream>

/// Makespans against the table of a reference implementation, for the traces and clusters in the folder that the environment
/// variable TROUPE_SHARED names (data/wfinstances, sched/clusters, sched/reference.md). Without it there is nothing to compare.
namespace troupe::scheduling::test {
namespace {

namespace fs = std::filesystem;

/// One row: instance, cluster, lower bound, and the makespans of HEFT, PEFT, online-EFT, idle-FIFO and round-robin.
using row = std::vector<std::string>;

std::vector<row> rows_of(const fs::path& table) {
  std::istringstream in{troupe::test::read_file(table)};
  std::vector<row> out;
  bool wanted = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("| instance |")) wanted = true;
    if (!line.starts_with("|")) wanted = wanted && line.empty() && out.empty();
    if (!wanted || line.starts_with("| instance") || line.starts_with("|-")) continue;
    row cells;
    std::istringstream parts{line.substr(1)};
    for (std::string cell; std::getline(parts, cell, '|');)
      cells.push_back(cell.substr(1, cell.size() - 2));
    if (cells.size() == 8) out.push_back(std::move(cells));
  }
  return out;
}

/// The table has three digits.
void compare(const problem& of, const row& cells) {
  constexpr std::array<const char*, 5> policies{"heft", "peft", "eft", "fifo", "round-robin"};
  for (std::size_t i = 0; i < policies.size(); ++i) {
    const double makespan = must(find_offline_policy(policies[i]))->plan(of, {}).makespan();
    BOOST_TEST(std::abs(makespan - std::stod(cells[3 + i])) <= 0.00051,
               policies[i] << ": " << makespan << ", the table has " << cells[3 + i]);
  }
  const double ours = offline_policies().front()->plan(of, {1, 0.01}).makespan();
  BOOST_TEST(ours <= std::stod(cells[3]) + 0.00051);
}

BOOST_AUTO_TEST_SUITE(scheduling_reference)

BOOST_AUTO_TEST_CASE(policies_have_the_makespans_of_the_reference) {
  const char* shared = std::getenv("TROUPE_SHARED");
  if (!shared || !*shared) {
    BOOST_TEST_MESSAGE("TROUPE_SHARED names no folder: nothing to compare with");
    return;
  }
  const fs::path folder{shared};
  const auto rows = rows_of(folder / "sched" / "reference.md");
  BOOST_TEST(!rows.empty());
  for (const row& cells : rows)
    BOOST_TEST_CONTEXT(cells[0] << " on " << cells[1]) {
      auto read = must(load_trace(folder / "data" / "wfinstances" / (cells[0] + ".json")));
      auto on = must(load_cluster(folder / "sched" / "clusters" / (cells[1] + ".json")));
      compare(problem_of(std::move(read.graph), std::move(on)), cells);
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::scheduling::test
