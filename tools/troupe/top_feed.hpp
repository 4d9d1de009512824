#pragma once

#include "kernels/result.hpp"
#include "tools/troupe/store_option.hpp"
#include "tools/troupe/top_run_look.hpp"
#include "tools/troupe/top_state.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <sys/types.h>
#include <unordered_map>
#include <vector>

namespace troupe::cli {

/// Reads what `troupe top` shows, again and again: from the store, and from what processes post beside it. Reads only, and keeps
/// what does not change between two looks. Blocks.
class top_feed {
public:
  /// Histories that are read: of the oldest runs, and of those that processes name.
  static constexpr std::size_t most_looked_at = 500;
  /// A history with more events is not read.
  static constexpr std::uint64_t most_events = 20'000;
  /// Open runs, and runs that were closed lately, that are counted.
  static constexpr std::size_t most_open = 100'000, most_closed = 20'000;
  static constexpr std::size_t most_failures = 10;

  /// Opens the store, which must be there.
  [[nodiscard]] static result<std::unique_ptr<top_feed>> open(const store_option& store,
                                                              top_query query);

  /// @param patience histories that it takes longer to read are read at the next looks.
  /// @returns the store's errors; `store_unavailable` where its file is gone, or is another one.
  [[nodiscard]] result<top_state> look(std::chrono::milliseconds patience);
  void set_order(top_order by) { query_.order = by; }
  [[nodiscard]] top_order order() const { return query_.order; }

private:
  using moment = std::chrono::system_clock::time_point;
  struct file_identity {
    dev_t device = 0;
    ino_t number = 0;
    bool operator==(const file_identity&) const = default;
  };

  top_feed() = default;
  [[nodiscard]] result<std::optional<file_identity>> identity() const;
  [[nodiscard]] result<void> check_still_there() const;
  [[nodiscard]] result<std::vector<workflow::run_entry>> open_runs(bool& cut);
  [[nodiscard]] result<void> count_closed(moment now, top_state& into);
  void read_failures(top_state& into);
  void read_nodes(top_state& into);
  void look_at_runs(const std::vector<workflow::run_entry>& open, const attempt_index& named,
                    std::chrono::milliseconds patience);
  void look_at(const workflow::run_entry& run, moment now);
  void fill_runs(std::vector<workflow::run_entry> open, const attempt_index& known,
                 top_state& into) const;

  store_option option_;
  std::string shown_;
  top_query query_;
  std::unique_ptr<workflow::store> store_;
  std::unique_ptr<workflow::snapshot_board> board_;
  std::optional<file_identity> file_;
  std::unordered_map<std::string, run_look> looks_;
  /// Closed within the window.
  std::unordered_map<std::string, workflow::run_entry> closed_;
  std::unordered_map<std::string, top_failure> failures_;
  std::optional<moment> last_;
  /// By owner.
  std::unordered_map<std::string, workflow::node_snapshot> nodes_;
};

} // namespace troupe::cli
