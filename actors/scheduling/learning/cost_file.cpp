#include "actors/scheduling/learning/cost_file.hpp"

#include "actors/scheduling/errc.hpp"
#include "actors/scheduling/json_document.hpp"
#include "actors/scheduling/json_fields.hpp"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <fmt/format.h>
#include <memory>
#include <sys/file.h>
#include <thread>
#include <unistd.h>

namespace troupe::scheduling {
namespace {

constexpr std::string_view costs_format = "troupe-costs-1";
constexpr std::uintmax_t most_costs_bytes = 8U << 20U;
constexpr std::chrono::milliseconds lock_pause{20};
constexpr int lock_tries = 100;

tl::unexpected<error> refuse(const std::filesystem::path& file, std::string_view what) {
  const int why = errno;
  return fail(scheduling_errc::unreadable_file,
              fmt::format("{}: {}: {}", file.string(), what,
                          std::error_code{why, std::generic_category()}.message()));
}

/// Holds FILE.lock.
class file_lock {
public:
  explicit file_lock(const std::filesystem::path& file)
      : descriptor_{::open((file.string() + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)} {
  }
  ~file_lock() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  file_lock(const file_lock&) = delete;
  file_lock& operator=(const file_lock&) = delete;

  /// @returns false, with errno, where somebody else keeps it.
  [[nodiscard]] bool take() const {
    for (int i = 0; descriptor_ >= 0 && i < lock_tries; ++i) {
      if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0) return true;
      if (errno != EWOULDBLOCK && errno != EINTR) return false;
      std::this_thread::sleep_for(lock_pause);
    }
    return false;
  }

private:
  int descriptor_;
};

result<void> put(const std::filesystem::path& file, const std::string& text) {
  const std::string beside = fmt::format("{}.part-{}", file.string(), ::getpid());
  const auto close = [](std::FILE* open) { (void)std::fclose(open); };
  std::unique_ptr<std::FILE, decltype(close)> out{std::fopen(beside.c_str(), "wbe"), close};
  if (!out) return refuse(file, "cannot be written");
  const bool written = std::fwrite(text.data(), 1, text.size(), out.get()) == text.size();
  if (std::fclose(out.release()) != 0 || !written ||
      std::rename(beside.c_str(), file.c_str()) != 0) {
    auto why = refuse(file, "cannot be written");
    (void)std::remove(beside.c_str());
    return why;
  }
  return {};
}

cost_book::entry read_entry(const json_place& at, cost_key& key, json_fields& read) {
  cost_book::entry made;
  run_time_model::moments m;
  read.take(key.agent_type, at.member("agent").text());
  read.take(key.node_class, at.member("node_class").text());
  read.take(key.step, at.member("step").text());
  constexpr std::uint64_t most = std::uint64_t{1} << 53;
  read.whole(made.last, at.member("last"), most);
  read.whole(m.count, at.member("count"), most);
  read.number(m.weight, at.member("weight"));
  read.number(m.mean_size, at.member("mean_size"));
  read.number(m.mean_time, at.member("mean_time"));
  read.number(m.size_size, at.member("size_size"));
  read.number(m.size_time, at.member("size_time"));
  read.number(m.time_time, at.member("time_time"));
  for (const std::string* name : {&key.agent_type, &key.node_class, &key.step})
    if (name->size() > cost_book::most_name_bytes) read.refuse(at, "has a name that is too long");
  if (!is_sound(m)) read.refuse(at, "has numbers that no measurements give");
  made.model = run_time_model{m};
  return made;
}

} // namespace

std::string format_costs(const cost_book& book) {
  nlohmann::json entries = nlohmann::json::array();
  for (const auto& [key, each] : book.entries()) {
    const auto& m = each.model.known();
    entries.push_back({{"agent", key.agent_type},
                       {"node_class", key.node_class},
                       {"step", key.step},
                       {"last", each.last},
                       {"count", m.count},
                       {"weight", m.weight},
                       {"mean_size", m.mean_size},
                       {"mean_time", m.mean_time},
                       {"size_size", m.size_size},
                       {"size_time", m.size_time},
                       {"time_time", m.time_time}});
  }
  return nlohmann::json{{"format", costs_format}, {"entries", std::move(entries)}}.dump(1) + "\n";
}

result<cost_book> parse_costs(std::string_view text, std::string_view file) {
  const auto root = parse_json(text, file, scheduling_errc::bad_costs);
  if (!root) return tl::unexpected(root.error());
  const json_place whole{*root, file, scheduling_errc::bad_costs};
  json_fields read;
  std::string format;
  read.take(format, whole.member("format").text());
  if (format != costs_format)
    read.refuse(whole.member("format"), fmt::format("is not {}", costs_format));
  const json_place entries = whole.member("entries");
  std::size_t count = 0;
  read.take(count, entries.array_size());
  cost_book made;
  for (std::size_t i = 0; i < count && !read.problem; ++i) {
    cost_key key;
    const auto entry = read_entry(entries.element(i), key, read);
    if (!read.problem && !made.insert(std::move(key), entry))
      read.refuse(entries.element(i), "is there twice, or one too many");
  }
  if (read.problem) return tl::unexpected(std::move(*read.problem));
  return made;
}

result<cost_book> load_costs(const std::filesystem::path& file) {
  std::error_code failed;
  if (!std::filesystem::exists(file, failed)) return cost_book{};
  const auto size = std::filesystem::file_size(file, failed);
  if (!failed && size > most_costs_bytes)
    return fail(scheduling_errc::too_large, fmt::format("{} has {} bytes, at most {} are read",
                                                        file.string(), size, most_costs_bytes));
  const auto text = read_file(file);
  if (!text) return tl::unexpected(text.error());
  return parse_costs(*text, file.string());
}

result<void> update_costs(const std::filesystem::path& file,
                          const std::function<void(cost_book&)>& change) {
  const file_lock lock{file};
  if (!lock.take()) return refuse(file, "its lock cannot be had");
  auto book = load_costs(file);
  if (!book) {
    std::error_code ignored;
    std::filesystem::rename(file, file.string() + ".damaged", ignored);
    book = cost_book{};
  }
  change(*book);
  return put(file, format_costs(*book));
}

} // namespace troupe::scheduling
