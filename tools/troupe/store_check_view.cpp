#include "tools/troupe/store_check_view.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace troupe::cli {

std::string damage_text(const workflow::damage& of) {
  const std::string table = workflow::name_of(of.where);
  const bool is_run = of.run != 0;
  if (of.id.empty()) return fmt::format("{}: {}", table, of.what);
  return fmt::format("{} {}: {}", is_run ? "run" : table, of.id, of.what);
}

nlohmann::ordered_json damage_json(const workflow::damage& of) {
  nlohmann::ordered_json out{{"table", workflow::name_of(of.where)}};
  if (!of.id.empty()) out[of.run != 0 ? "run" : "id"] = of.id;
  out["what"] = of.what;
  return out;
}

} // namespace troupe::cli
