#include "kernels/bert/unique_json.hpp"

#include <set>
#include <utility>
#include <vector>

namespace troupe::bert {

tl::expected<nlohmann::json, std::string> parse_unique_json(std::string_view text) {
  using nlohmann::json;
  constexpr std::size_t max_depth = 16;
  std::vector<std::set<std::string>> open_objects;
  std::string problem;
  const auto watch = [&](int, json::parse_event_t event, json& value) {
    if (event == json::parse_event_t::object_start) {
      open_objects.emplace_back();
      if (open_objects.size() > max_depth) problem = "is nested too deep";
    } else if (event == json::parse_event_t::object_end) {
      open_objects.pop_back();
    } else if (event == json::parse_event_t::key && open_objects.size() <= max_depth) {
      const auto& name = value.get_ref<const std::string&>();
      if (!open_objects.back().insert(name).second) problem = "names " + value.dump() + " twice";
    }
    return true;
  };
  auto root = json::parse(text, watch, /*allow_exceptions=*/false);
  if (!problem.empty()) return tl::unexpected(problem);
  if (root.is_discarded() || !root.is_object())
    return tl::unexpected<std::string>("is not a JSON object");
  return root;
}

} // namespace troupe::bert
