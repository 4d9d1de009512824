#include "actors/scheduling/resources/discovery.hpp"
#include "actors/scheduling/resources/resource_text.hpp"
#include "tests/support/files.hpp"

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <hwloc.h>
#include <sched.h>

using namespace troupe::scheduling;
using troupe::test::temporary_folder;

BOOST_AUTO_TEST_SUITE(resource_discovery)

namespace {

/// A file system as a process in some control group sees it.
struct fake_root {
  temporary_folder folder;

  void write(const std::string& file, const std::string& text) const {
    const auto path = folder.path() / file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream{path} << text;
  }
  [[nodiscard]] cgroup_limits limits() const { return read_cgroup_limits(folder.path()); }
  /// Where a file is, as limits name it.
  [[nodiscard]] std::string name(const std::string& file) const {
    return (folder.path() / file).string();
  }
};

const std::string v2_mount = "31 23 0:28 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n";

std::string v1_mount(const std::string& controllers, const std::string& root = "/") {
  return "40 31 0:36 " + root + " /sys/fs/cgroup/" + controllers + " rw - cgroup cgroup rw," +
         controllers + "\n";
}

/// A topology of two NUMA nodes with two GPUs, as hwloc exports it.
std::string xml_topology() {
  hwloc_topology_t made = nullptr;
  hwloc_topology_init(&made);
  hwloc_topology_set_synthetic(made, "numa:2(memory=1073741824) core:4 pu:2");
  hwloc_topology_load(made);
  char* text = nullptr;
  int size = 0;
  hwloc_topology_export_xmlbuffer(made, &text, &size, 0);
  std::string xml = text;
  hwloc_free_xmlbuffer(made, text);
  hwloc_topology_destroy(made);
  std::string devices =
      R"(<object type="Bridge" gp_index="900" bridge_type="0-1" depth="0" bridge_pci="0000:[00-01]">)";
  for (int i = 0; i < 2; ++i) {
    const std::string n = std::to_string(i);
    devices +=
        R"(<object type="PCIDev" gp_index="90)" + std::to_string(i + 1) +
        R"(" pci_busid="0000:01:0)" + n +
        R"(.0" pci_type="0302 [10de:2330] [10de:16c1] a1" pci_link_speed="0.0">)" +
        R"(<object type="OSDev" gp_index="91)" + n + R"(" name="cuda)" + n +
        R"(" subtype="CUDA" osdev_type="5"><info name="CUDAGlobalMemorySize" value="83886080"/></object></object>)";
  }
  devices += "</object>";
  xml.insert(xml.rfind("</object>"), devices);
  return xml;
}

} // namespace

BOOST_FIXTURE_TEST_CASE(version_2_gives_the_tightest_of_all_levels, fake_root) {
  write("proc/self/mountinfo", v2_mount);
  write("proc/self/cgroup", "0::/pod/work\n");
  write("sys/fs/cgroup/cpu.max", "max 100000\n");
  write("sys/fs/cgroup/pod/cpu.max", "150000 100000\n");
  write("sys/fs/cgroup/pod/work/cpu.max", "400000 100000\n");
  write("sys/fs/cgroup/pod/memory.max", "max\n");
  write("sys/fs/cgroup/pod/work/memory.max", "1073741824\n");
  write("sys/fs/cgroup/pod/work/cpuset.cpus.effective", "0-2,8\n");
  const auto found = limits();
  BOOST_REQUIRE((found.milli_cpu && found.memory_bytes && found.processors));
  BOOST_TEST(found.milli_cpu->amount == 1'500u);
  BOOST_TEST(found.milli_cpu->file == name("sys/fs/cgroup/pod/cpu.max"));
  BOOST_TEST(found.memory_bytes->amount == 1073741824u);
  BOOST_TEST(found.processors->amount == 4u);
}

BOOST_FIXTURE_TEST_CASE(version_1_has_a_folder_per_controller, fake_root) {
  write("proc/self/mountinfo", "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n" + v1_mount("cpu,cpuacct") +
                                   v1_mount("memory") + v1_mount("cpuset"));
  write("proc/self/cgroup", "3:cpuset:/\n2:memory:/a\n1:cpuacct,cpu:/a/b\n0::/\n");
  write("sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us", "50000\n");
  write("sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_period_us", "100000\n");
  write("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "-1\n");
  write("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n");
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  write("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "536870912\n");
  write("sys/fs/cgroup/cpuset/cpuset.cpus", "0-1\n");
  const auto found = limits();
  BOOST_REQUIRE((found.milli_cpu && found.memory_bytes && found.processors));
  BOOST_TEST(found.milli_cpu->amount == 500u);
  BOOST_TEST(found.memory_bytes->amount == 536870912u);
  BOOST_TEST(found.memory_bytes->file == name("sys/fs/cgroup/memory/a/memory.limit_in_bytes"));
  BOOST_TEST(found.processors->amount == 2u);
}

BOOST_FIXTURE_TEST_CASE(a_container_sees_its_own_group_as_the_top, fake_root) {
  // Without a namespace of its own the group is named from outside, and only its folder is mounted.
  write("proc/self/mountinfo", v1_mount("memory", "/docker/abc") + v1_mount("cpu", "/other"));
  write("proc/self/cgroup", "2:memory:/docker/abc/inner\n1:cpu:/docker/abc\n");
  write("sys/fs/cgroup/memory/inner/memory.limit_in_bytes", "1000000\n");
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", "2000000\n");
  write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "200000\n");
  write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  const auto found = limits();
  BOOST_REQUIRE((found.milli_cpu && found.memory_bytes));
  BOOST_TEST(found.memory_bytes->amount == 1'000'000u);
  BOOST_TEST(found.milli_cpu->amount == 2'000u);
}

BOOST_FIXTURE_TEST_CASE(odd_files_are_no_limits, fake_root) {
  write("proc/self/mountinfo", "broken\n" + v2_mount);
  write("proc/self/cgroup", "0::/../../etc\nnonsense\n");
  write("sys/fs/cgroup/cpu.max", "0 100000\n");
  write("sys/fs/cgroup/memory.max", "12x\n");
  write("sys/fs/cgroup/cpuset.cpus.effective", "3-1,99999999999999999999\n");
  const auto found = limits();
  BOOST_TEST((!found.milli_cpu && !found.memory_bytes && !found.processors));
  const temporary_folder empty;
  const auto nothing = read_cgroup_limits(empty.path());
  BOOST_TEST((!nothing.milli_cpu && !nothing.memory_bytes && !nothing.processors));
}

BOOST_AUTO_TEST_CASE(the_least_counts_and_says_where_it_comes_from) {
  machine found;
  found.processors = 8;
  found.bound_processors = 6;
  found.memory_bytes = std::uint64_t{16} << 30;
  cgroup_limits limits;
  limits.milli_cpu = cgroup_limit{2'500, "cpu.max"};
  const auto made = combine(found, limits, {});
  BOOST_TEST(format_resources(made.capacity) == "cpu=2.5,memory=16GiB");
  BOOST_TEST(made.entries[0].from == "cpu.max");
  BOOST_TEST(made.entries[0].bounds.size() == 3u);
  BOOST_TEST(made.entries[2].from == "machine");
}

BOOST_AUTO_TEST_CASE(what_the_operator_says_counts) {
  machine found;
  found.processors = 2;
  found.memory_bytes = std::uint64_t{1} << 30;
  const auto made =
      combine(found, {}, {{"license", 2}, {"cpu", 64'000}, {"memory", 0}, {"gpu", 1}, {"a", 1}});
  BOOST_TEST(format_resources(made.capacity) == "cpu=64,gpu=1,a=1,license=2");
  BOOST_TEST(made.entries[0].from == "given");
  BOOST_TEST(made.entries[0].bounds.size() == 1u); // what was found is shown all the same
  BOOST_TEST(made.entries.back().name == "license");
}

BOOST_AUTO_TEST_CASE(numa_nodes_and_gpus_come_from_hwloc) {
  const machine found = read_machine(xml_topology());
  BOOST_TEST(found.processors == 16u);
  BOOST_TEST(found.memory_bytes == std::uint64_t{2} << 30);
  BOOST_REQUIRE(found.numa_nodes.size() == 2u);
  BOOST_TEST(found.numa_nodes[1].processors == 8u);
  BOOST_TEST(found.numa_nodes[1].memory_bytes == std::uint64_t{1} << 30);
  BOOST_REQUIRE(found.gpus.size() == 2u);
  BOOST_TEST(found.gpus[1].name == "cuda1");
  const auto made = combine(found, {}, {});
  BOOST_TEST(format_resources(made.capacity) == "cpu=16,gpu=2,memory=2GiB,gpu_memory=160GiB");
  BOOST_TEST(read_machine("<no topology").processors >= 1u);
}

BOOST_AUTO_TEST_CASE(this_machine_is_read_as_it_is) {
  const auto made = discover_resources();
  BOOST_TEST(made.capacity.milli_cpu > 0u);
  BOOST_TEST(made.capacity.memory_bytes > std::uint64_t{64} << 20);
  BOOST_TEST(!made.numa_nodes.empty());
  // Bound to one processor, a process has one.
  cpu_set_t before, one;
  BOOST_REQUIRE(sched_getaffinity(0, sizeof before, &before) == 0);
  CPU_ZERO(&one);
  for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++i)
    if (CPU_ISSET(i, &before)) CPU_SET(i, &one);
  BOOST_REQUIRE(sched_setaffinity(0, sizeof one, &one) == 0);
  const auto bound = discover_resources();
  BOOST_REQUIRE(sched_setaffinity(0, sizeof before, &before) == 0);
  BOOST_TEST(bound.capacity.milli_cpu <= 1'000u);
}

BOOST_AUTO_TEST_SUITE_END()
