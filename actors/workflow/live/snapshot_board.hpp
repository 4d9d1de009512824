#pragma once

#include "actors/workflow/live/node_snapshot.hpp"
#include "kernels/result.hpp"

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::workflow {

/// A snapshot that is so old is of an engine that is gone, or stands still.
inline constexpr std::chrono::seconds snapshot_lifetime{15};
/// So many are read.
inline constexpr std::size_t most_snapshots = 256;

struct posted_snapshot {
  node_snapshot what;
  /// How long ago it was posted, by the clock of the place where it is.
  std::chrono::nanoseconds age{};
};

/// What there is.
struct board_content {
  /// By owner.
  std::vector<posted_snapshot> nodes;
  /// Owners whose snapshots could not be read, each with the reason.
  std::vector<std::string> unreadable;
};

/// Where engines of a store post what they have at work, for other processes. Apart from the store's own rows: nothing that is
/// posted is durable, and nothing depends on it. One thread; calls block.
class snapshot_board {
public:
  snapshot_board() = default;
  snapshot_board(const snapshot_board&) = delete;
  snapshot_board& operator=(const snapshot_board&) = delete;
  virtual ~snapshot_board() = default;

  /// Puts bytes in the place of the owner's last ones.
  [[nodiscard]] virtual result<void> post(const std::string& owner, std::string_view bytes) = 0;
  /// Takes away what the owner has posted, and what others that are long gone have left.
  virtual void remove(const std::string& owner) noexcept = 0;
  /// What was posted within `snapshot_lifetime`. Where nobody ever posted anything there is nothing.
  [[nodiscard]] virtual result<board_content> read() = 0;
};

/// Beside a SQLite store: a file for each owner in the folder `FILE-live`, which is made by the first one and goes with the
/// last.
[[nodiscard]] std::unique_ptr<snapshot_board>
open_file_board(const std::filesystem::path& store_file);

/// In the schema of a PostgreSQL store: a row for each owner in the table `node_snapshots`, which is made by the first one
/// and is not logged: a server that crashed has it empty. Connects at the first call, and again where the connection is lost.
/// @param to_read nothing is written.
[[nodiscard]] std::unique_ptr<snapshot_board> open_postgres_board(std::string address,
                                                                  bool to_read);

/// Whether an owner can be called so: 1 to 100 letters, digits, '.', '_' and '-', not with a '.' first.
[[nodiscard]] bool is_owner_name(std::string_view name);

} // namespace troupe::workflow
