#include "actors/workflow/postgres_store.hpp"

#include "actors/workflow/postgres/endpoint.hpp"
#include "actors/workflow/postgres/run_store.hpp"

namespace troupe::workflow {

result<std::unique_ptr<store>> open_postgres_store(const std::string& address,
                                                   const postgres_store_options& options) {
  auto at = postgres::endpoint::parse(address, options.schema);
  if (!at) return tl::unexpected(std::move(at.error()));
  auto made = std::make_unique<postgres::run_store>(std::move(*at), options);
  if (auto entered = made->enter(); !entered) return tl::unexpected(std::move(entered.error()));
  return made;
}

} // namespace troupe::workflow
