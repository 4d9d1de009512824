#pragma once

#include "tests/support/files.hpp"

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <sqlite3.h>
#include <string>

namespace troupe::test {

/// A place for a store file, and what another program could do with it.
struct store_on_disk {
  temporary_folder folder;
  std::filesystem::path file = folder.path() / "troupe.db";

  void execute(const std::string& sql) const {
    sqlite3* handle = nullptr;
    BOOST_REQUIRE(sqlite3_open(file.c_str(), &handle) == SQLITE_OK);
    char* message = nullptr;
    const int code = sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, &message);
    BOOST_TEST(code == SQLITE_OK, (message ? message : ""));
    sqlite3_free(message);
    sqlite3_close(handle);
  }
};

} // namespace troupe::test
