#pragma once

#include "actors/workflow/postgres_dead_letters.hpp"
#include "actors/workflow/postgres_store.hpp"
#include "actors/workflow/raw_store.hpp"
#include "actors/workflow/sqlite_dead_letters.hpp"
#include "actors/workflow/sqlite_store.hpp"
#include "tests/actors/workflow/store_on_disk.hpp"
#include "tests/support/postgres_server.hpp"

#include <chrono>
#include <memory>
#include <ostream>
#include <string>

namespace troupe::test {

/// Where a store can be made: new and empty, and gone afterwards.
class store_place {
public:
  using clock = std::chrono::system_clock;
  virtual ~store_place() = default;
  /// Opens the store as a new owner whose lease begins at `now`; locks are not waited for long.
  [[nodiscard]] virtual result<std::unique_ptr<workflow::store>>
  open(clock::time_point now = clock::now()) const = 0;
  [[nodiscard]] virtual result<std::unique_ptr<workflow::store>> open_to_read() const = 0;
  [[nodiscard]] virtual result<std::unique_ptr<workflow::raw_store>>
  open_rows(bool read_only) const = 0;
  /// Dead letters there, of which `most` are kept.
  [[nodiscard]] virtual std::shared_ptr<dead_letter_store> letters(std::size_t most) const = 0;
  /// What another program could do with it.
  virtual void execute(const std::string& sql) const = 0;
  /// A word that every message about it has.
  [[nodiscard]] virtual std::string name() const = 0;
};

class sqlite_place final : public store_place {
public:
  [[nodiscard]] result<std::unique_ptr<workflow::store>>
  open(clock::time_point now) const override {
    workflow::sqlite_store_options options;
    options.now = now;
    return workflow::open_sqlite_store(disk_.file, options);
  }
  [[nodiscard]] result<std::unique_ptr<workflow::store>> open_to_read() const override {
    workflow::sqlite_store_options options;
    options.read_only = true;
    return workflow::open_sqlite_store(disk_.file, options);
  }
  [[nodiscard]] result<std::unique_ptr<workflow::raw_store>>
  open_rows(bool read_only) const override {
    return workflow::open_raw_sqlite(disk_.file, read_only, read_only);
  }
  [[nodiscard]] std::shared_ptr<dead_letter_store> letters(std::size_t most) const override {
    return workflow::sqlite_dead_letters(disk_.file, {.most = most});
  }
  void execute(const std::string& sql) const override { disk_.execute(sql); }
  [[nodiscard]] std::string name() const override { return disk_.file.filename(); }
  [[nodiscard]] const std::filesystem::path& file() const { return disk_.file; }

private:
  store_on_disk disk_;
};

/// A schema of the server that the test program has.
class postgres_place : public store_place {
public:
  ~postgres_place() override { server.execute("DROP SCHEMA IF EXISTS " + schema + " CASCADE"); }
  [[nodiscard]] result<std::unique_ptr<workflow::store>>
  open(clock::time_point now) const override {
    workflow::postgres_store_options options;
    options.now = now;
    return workflow::open_postgres_store(address(), options);
  }
  [[nodiscard]] result<std::unique_ptr<workflow::store>> open_to_read() const override {
    workflow::postgres_store_options options;
    options.read_only = true;
    return workflow::open_postgres_store(address(), options);
  }
  [[nodiscard]] result<std::unique_ptr<workflow::raw_store>>
  open_rows(bool read_only) const override {
    return workflow::open_raw_postgres(address(), read_only, read_only);
  }
  [[nodiscard]] std::shared_ptr<dead_letter_store> letters(std::size_t most) const override {
    workflow::postgres_dead_letter_options options;
    options.most = most;
    return workflow::postgres_dead_letters(address(), options);
  }
  void execute(const std::string& sql) const override {
    server.execute("SET search_path = " + schema + "; " + sql);
  }
  [[nodiscard]] std::string name() const override { return schema; }
  [[nodiscard]] std::string address() const { return server.address(schema); }

  postgres_server& server = postgres_server::shared();
  const std::string schema = any_schema();
};

enum class store_kind { sqlite, postgres };

inline std::ostream& operator<<(std::ostream& out, store_kind kind) {
  return out << (kind == store_kind::sqlite ? "SQLite" : "PostgreSQL");
}

/// What a suite runs on.
inline constexpr store_kind store_kinds[] = {store_kind::sqlite, store_kind::postgres};

inline std::unique_ptr<store_place> make_place(store_kind kind) {
  if (kind == store_kind::sqlite) return std::make_unique<sqlite_place>();
  return std::make_unique<postgres_place>();
}

} // namespace troupe::test
