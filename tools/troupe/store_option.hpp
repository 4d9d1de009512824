#pragma once

#include "actors/runtime/dead_letters.hpp"
#include "actors/workflow/live/snapshot_board.hpp"
#include "actors/workflow/raw_store.hpp"
#include "actors/workflow/store.hpp"
#include "kernels/result.hpp"

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace CLI {
class App;
}

namespace troupe::cli {

/// The option `--store`, the same for every command that has it.
class store_option {
public:
  void add_to(CLI::App& command);

  /// Opens the store: a SQLite file, or a schema of a PostgreSQL database.
  /// @returns `cli_errc::bad_option` for what is neither, or the store's own error.
  /// @param must_exist refuses to make a new one; otherwise its folder is made too.
  [[nodiscard]] result<std::unique_ptr<workflow::store>> open(bool must_exist) const;

  /// Opens a store that is there for reading alone, also where nothing may be written.
  /// @param reconnect_time how long a call looks for a server that was lost.
  [[nodiscard]] result<std::unique_ptr<workflow::store>>
  open_to_read(std::chrono::milliseconds reconnect_time = std::chrono::seconds{30}) const;

  /// Its rows as they are, for what looks after stores.
  [[nodiscard]] result<std::unique_ptr<workflow::raw_store>> open_rows(bool read_only,
                                                                       bool must_exist) const;
  /// The file that it is; none for a PostgreSQL database.
  [[nodiscard]] result<std::optional<std::filesystem::path>> file() const;

  /// The dead letters in the same place, which is opened when one is put there or read.
  [[nodiscard]] result<std::shared_ptr<dead_letter_store>> dead_letters() const;

  /// Where what is learnt of run times is kept: beside a SQLite file, of PostgreSQL in the user's state folder.
  [[nodiscard]] result<std::filesystem::path> costs_file() const;

  /// Where processes that have runs of this store post what they have at work.
  [[nodiscard]] result<std::unique_ptr<workflow::snapshot_board>> board(bool to_read) const;

  /// For people: no password.
  [[nodiscard]] result<std::string> shown() const;

  /// ` --store sqlite:FILE` where it was given, for hints: quoted so that a shell takes it back as it was, but for a password
  /// and what is behind the '?' of an address.
  [[nodiscard]] std::string as_argument() const;

private:
  std::string given_;
};

} // namespace troupe::cli
