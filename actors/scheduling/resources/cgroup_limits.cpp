#include "actors/scheduling/resources/cgroup_limits.hpp"

#include "actors/scheduling/resources/resource_vector.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <functional>
#include <sstream>
#include <string_view>
#include <vector>

namespace troupe::scheduling {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_file = std::size_t{1} << 20;
/// Deeper folders are looked at from their ancestors only.
constexpr int most_levels = 64;

/// The beginning of a small file; empty where it cannot be read.
std::string slurp(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  std::string made(longest_file, '\0');
  in.read(made.data(), static_cast<std::streamsize>(made.size()));
  made.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
  return made;
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t made = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), made);
  if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return made;
}

std::vector<std::string> words(const std::string& text, char separator = ' ') {
  std::vector<std::string> made;
  std::istringstream in{text};
  for (std::string word; std::getline(in, word, separator);)
    if (!word.empty()) made.push_back(word);
  return made;
}

std::string first_line(const fs::path& file) {
  const std::string text = slurp(file);
  return text.substr(0, text.find('\n'));
}

/// Spaces and the like stand as `\040` in mountinfo.
std::string unescape(const std::string& text) {
  std::string made;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto octal = [&](std::size_t at) { return text[at] >= '0' && text[at] <= '7'; };
    if (text[i] == '\\' && i + 3 < text.size() && octal(i + 1) && octal(i + 2) && octal(i + 3)) {
      made +=
          static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + text[i + 3] - '0');
      i += 3;
    } else {
      made += text[i];
    }
  }
  return made;
}

/// Where the groups of one controller (v1), or of version 2, are to be found.
struct hierarchy {
  /// The folder that is mounted, as groups are named in /proc/self/cgroup.
  std::string mounted;
  fs::path place;
};

/// @param controller empty for version 2.
std::optional<hierarchy> find_mount(const std::string& mountinfo, const std::string& controller) {
  for (const std::string& line : words(mountinfo, '\n')) {
    const auto split = line.find(" - ");
    if (split == std::string::npos) continue;
    const auto before = words(line.substr(0, split));
    const auto after = words(line.substr(split + 3));
    if (before.size() < 5 || after.size() < 3) continue;
    const bool right =
        controller.empty()
            ? after[0] == "cgroup2"
            : after[0] == "cgroup" && std::ranges::count(words(after[2], ','), controller) > 0;
    if (right) return hierarchy{unescape(before[3]), unescape(before[4])};
  }
  return std::nullopt;
}

/// The group of this process by the lines `ID:CONTROLLERS:PATH`.
std::optional<std::string> find_group(const std::string& groups, const std::string& controller) {
  for (const std::string& line : words(groups, '\n')) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const bool right = controller.empty()
                           ? controllers.empty()
                           : std::ranges::count(words(controllers, ','), controller) > 0;
    if (right) return line.substr(second + 1);
  }
  return std::nullopt;
}

/// Folders from the group of this process up to the top of its mount.
std::vector<fs::path> folders(const fs::path& root, const std::string& controller) {
  const auto mount = find_mount(slurp(root / "proc/self/mountinfo"), controller);
  const auto group = find_group(slurp(root / "proc/self/cgroup"), controller);
  if (!mount || !group) return {};
  const fs::path top = root / mount->place.relative_path();
  // In a container the group may be named from outside: then its own folder is what is mounted.
  const fs::path inside = fs::path{*group}.lexically_relative(mount->mounted);
  std::vector<fs::path> made;
  if (!inside.empty() && *inside.begin() != ".." && inside != ".")
    for (fs::path at = inside; !at.empty() && made.size() < most_levels; at = at.parent_path())
      made.push_back(top / at);
  made.push_back(top);
  return made;
}

using reader = std::function<std::optional<std::uint64_t>(const fs::path& file)>;

/// The least of what the files of this name say in these folders.
void tighten(std::optional<cgroup_limit>& limit, const std::vector<fs::path>& where,
             const std::string& file, const reader& read) {
  for (const fs::path& folder : where)
    if (const auto amount = read(folder / file); amount && (!limit || *amount < limit->amount))
      limit = cgroup_limit{*amount, (folder / file).string()};
}

std::optional<std::uint64_t> share(std::uint64_t quota, std::uint64_t period) {
  if (quota == 0 || period == 0 || quota > most_resource_amount / 1'000) return std::nullopt;
  return std::max<std::uint64_t>(1, quota * 1'000 / period);
}

/// `200000 100000`, or `max 100000`.
std::optional<std::uint64_t> read_cpu_max(const fs::path& file) {
  const auto parts = words(first_line(file));
  if (parts.size() != 2) return std::nullopt;
  const auto quota = number(parts[0]);
  const auto period = number(parts[1]);
  return quota && period ? share(*quota, *period) : std::nullopt;
}

std::optional<std::uint64_t> read_cfs_quota(const fs::path& file) {
  const auto quota = number(first_line(file)); // -1: none
  const auto period = number(first_line(file.parent_path() / "cpu.cfs_period_us"));
  return quota && period ? share(*quota, *period) : std::nullopt;
}

/// Version 1 writes "none" as a huge number, version 2 as "max".
std::optional<std::uint64_t> read_bytes(const fs::path& file) {
  const auto bytes = number(first_line(file));
  return bytes && *bytes < most_resource_amount ? bytes : std::nullopt;
}

/// How many processors `0-3,7` are.
std::optional<std::uint64_t> read_processors(const fs::path& file) {
  std::uint64_t made = 0;
  for (const std::string& part : words(first_line(file), ',')) {
    const auto dash = part.find('-');
    const auto first = number(part.substr(0, dash));
    const auto last = dash == std::string::npos ? first : number(part.substr(dash + 1));
    constexpr std::uint64_t most_processors = 1 << 20;
    if (!first || !last || *last < *first || *last > most_processors) return std::nullopt;
    made += *last - *first + 1;
  }
  return made > 0 ? std::optional{made} : std::nullopt;
}

} // namespace

cgroup_limits read_cgroup_limits(const fs::path& root) {
  cgroup_limits made;
  const auto unified = folders(root, "");
  tighten(made.milli_cpu, unified, "cpu.max", read_cpu_max);
  tighten(made.milli_cpu, folders(root, "cpu"), "cpu.cfs_quota_us", read_cfs_quota);
  tighten(made.memory_bytes, unified, "memory.max", read_bytes);
  tighten(made.memory_bytes, folders(root, "memory"), "memory.limit_in_bytes", read_bytes);
  tighten(made.processors, unified, "cpuset.cpus.effective", read_processors);
  tighten(made.processors, folders(root, "cpuset"), "cpuset.cpus", read_processors);
  return made;
}

} // namespace troupe::scheduling
