#include "tools/troupe/store_option.hpp"

#include "actors/workflow/postgres_dead_letters.hpp"
#include "actors/workflow/postgres_store.hpp"
#include "actors/workflow/sqlite_dead_letters.hpp"
#include "actors/workflow/sqlite_store.hpp"
#include "tools/troupe/cli_errc.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <string_view>

namespace troupe::cli {

namespace {

constexpr std::string_view scheme = "sqlite:";

std::string folder_from(const char* variable) {
  const char* value = std::getenv(variable);
  return value ? value : "";
}

/// Where the XDG base directory specification puts state.
result<std::filesystem::path> default_file() {
  if (const auto state = folder_from("XDG_STATE_HOME"); state.starts_with('/'))
    return std::filesystem::path{state} / "troupe" / "runs.db";
  if (const auto home = folder_from("HOME"); home.starts_with('/'))
    return std::filesystem::path{home} / ".local" / "state" / "troupe" / "runs.db";
  return fail(cli_errc::bad_option,
              "neither XDG_STATE_HOME nor HOME is set; give --store sqlite:FILE");
}

result<std::filesystem::path> file_of(const std::string& store) {
  if (store.empty()) return default_file();
  // What was given is not printed: it may have a password in it.
  if (!store.starts_with(scheme) || store.size() == scheme.size())
    return fail(cli_errc::bad_option, "--store is neither of the form sqlite:FILE nor of the form "
                                      "postgresql://USER@HOST:PORT/DATABASE");
  return std::filesystem::path{store.substr(scheme.size())};
}

/// One word for a POSIX shell, in quotes only where it needs them.
std::string shell_word(const std::string& text) {
  const auto plain = [](unsigned char c) {
    return std::isalnum(c) ||
           std::string_view{"@%+=:,./_-"}.find(char(c)) != std::string_view::npos;
  };
  if (std::all_of(text.begin(), text.end(), plain)) return text;
  std::string word = "'";
  for (const char c : text)
    c == '\'' ? word += "'\\''" : word += c;
  return word + "'";
}

result<void> make_folder_of(const std::filesystem::path& file) {
  std::error_code failed;
  if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path(), failed);
  if (failed) return fail(failed, "cannot make the folder " + file.parent_path().string());
  return {};
}

} // namespace

void store_option::add_to(CLI::App& command) {
  command
      .add_option("--store", given_,
                  "Where runs are kept, as sqlite:FILE or postgresql://USER@HOST:PORT/DATABASE\n"
                  "(default: troupe/runs.db in the user's state folder)")
      ->type_name("STORE");
}

result<std::unique_ptr<workflow::store>> store_option::open(bool must_exist) const {
  if (workflow::is_postgres_address(given_)) {
    workflow::postgres_store_options options;
    options.must_exist = must_exist;
    return workflow::open_postgres_store(given_, options);
  }
  const auto file = file_of(given_);
  if (!file) return tl::unexpected(file.error());
  if (!must_exist)
    if (auto made = make_folder_of(*file); !made) return tl::unexpected(std::move(made.error()));
  workflow::sqlite_store_options options;
  options.must_exist = must_exist;
  return workflow::open_sqlite_store(*file, options);
}

result<std::unique_ptr<workflow::store>>
store_option::open_to_read(std::chrono::milliseconds reconnect_time) const {
  if (workflow::is_postgres_address(given_)) {
    workflow::postgres_store_options options;
    options.read_only = true;
    options.reconnect_time = reconnect_time;
    return workflow::open_postgres_store(given_, options);
  }
  const auto file = file_of(given_);
  if (!file) return tl::unexpected(file.error());
  workflow::sqlite_store_options options;
  options.read_only = true;
  return workflow::open_sqlite_store(*file, options);
}

result<std::unique_ptr<workflow::raw_store>> store_option::open_rows(bool read_only,
                                                                     bool must_exist) const {
  if (workflow::is_postgres_address(given_))
    return workflow::open_raw_postgres(given_, read_only, must_exist);
  const auto named = file_of(given_);
  if (!named) return tl::unexpected(named.error());
  if (!must_exist)
    if (auto made = make_folder_of(*named); !made) return tl::unexpected(std::move(made.error()));
  return workflow::open_raw_sqlite(*named, read_only, must_exist);
}

result<std::optional<std::filesystem::path>> store_option::file() const {
  if (workflow::is_postgres_address(given_)) return std::nullopt;
  auto named = file_of(given_);
  if (!named) return tl::unexpected(std::move(named.error()));
  return std::move(*named);
}

result<std::shared_ptr<dead_letter_store>> store_option::dead_letters() const {
  if (workflow::is_postgres_address(given_)) return workflow::postgres_dead_letters(given_);
  const auto file = file_of(given_);
  if (!file) return tl::unexpected(file.error());
  return workflow::sqlite_dead_letters(*file);
}

result<std::filesystem::path> store_option::costs_file() const {
  if (workflow::is_postgres_address(given_)) {
    const auto beside = default_file();
    if (!beside) return tl::unexpected(beside.error());
    return beside->parent_path() / "costs.json";
  }
  const auto file = file_of(given_);
  if (!file) return tl::unexpected(file.error());
  return std::filesystem::path{file->string() + "-costs.json"};
}

result<std::unique_ptr<workflow::snapshot_board>> store_option::board(bool to_read) const {
  if (workflow::is_postgres_address(given_)) return workflow::open_postgres_board(given_, to_read);
  const auto file = file_of(given_);
  if (!file) return tl::unexpected(file.error());
  return workflow::open_file_board(*file);
}

result<std::string> store_option::shown() const {
  if (workflow::is_postgres_address(given_)) return workflow::shown_postgres_address(given_);
  const auto file = file_of(given_);
  if (!file) return tl::unexpected(file.error());
  return std::string{scheme} + file->string();
}

std::string store_option::as_argument() const {
  if (given_.empty()) return "";
  return " --store " + shell_word(workflow::is_postgres_address(given_)
                                      ? workflow::shown_postgres_address(given_)
                                      : given_);
}

} // namespace troupe::cli
