#include "actors/scheduling/schedule_json.hpp"

#include <nlohmann/json.hpp>

namespace troupe::scheduling {

std::string to_json(const problem& of, const schedule& plan) {
  std::string text = "[";
  for (std::uint32_t i = 0; i < of.graph.size(); ++i) {
    const placement& each = plan.placements[i];
    const slot_pool& pool = of.cluster.pool_at(each.slot);
    const nlohmann::ordered_json row{{"task", of.graph.tasks()[i].id},
                                     {"node", of.cluster.nodes()[pool.node].name},
                                     {"kind", to_string(pool.kind)},
                                     {"slot", of.cluster.index_in_pool(each.slot)},
                                     {"start", each.start},
                                     {"finish", each.finish}};
    text += i == 0 ? "\n" : ",\n";
    text += row.dump();
  }
  return text + "\n]\n";
}

} // namespace troupe::scheduling
