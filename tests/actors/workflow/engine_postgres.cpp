#include "actors/workflow/postgres_store.hpp"
#include "tests/actors/workflow/engine_harness.hpp"
#include "tests/support/postgres_server.hpp"

#include <map>

using namespace troupe;
using namespace troupe::test;

/// Linked beside the suites of the engine: their stores are on PostgreSQL then.
namespace {

struct postgres_stores {
  postgres_stores() {
    other_stores() = [this](const std::string& name, time_point now) {
      const auto [schema, is_new] = schemas_.try_emplace(name);
      if (is_new) schema->second = any_schema();
      postgres_store_options options;
      options.now = now;
      return must(open_postgres_store(postgres_server::shared().address(schema->second), options));
    };
  }

private:
  std::map<std::string, std::string> schemas_;
};

} // namespace

BOOST_TEST_GLOBAL_FIXTURE(postgres_stores);
