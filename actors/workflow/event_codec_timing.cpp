#include "actors/workflow/event_codec_timing.hpp"

#include "actors/scheduling/resources/resource_text.hpp"
#include "actors/workflow/event_codec.hpp"

#include <algorithm>
#include <limits>

namespace troupe::workflow {
namespace {

std::uint64_t nanos(duration of) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(of.count(), 0));
}

duration duration_of(std::uint64_t nanos) {
  constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
  return duration{static_cast<std::int64_t>(std::min(nanos, most))};
}

void fill(v1::ResourceVector& made, const scheduling::resource_vector& from) {
  made.set_milli_cpu(from.milli_cpu);
  made.set_gpu(from.gpu);
  made.set_memory_bytes(from.memory_bytes);
  made.set_gpu_memory_bytes(from.gpu_memory_bytes);
  for (const auto& [name, amount] : from.custom) {
    v1::NamedAmount& each = *made.add_custom();
    each.set_name(name);
    each.set_amount(amount);
  }
}

scheduling::resource_vector vector_of(const v1::ResourceVector& from) {
  std::vector<scheduling::resource_amount> amounts{
      {"cpu", from.milli_cpu()},
      {"gpu", from.gpu()},
      {"memory", from.memory_bytes()},
      {"gpu_memory", from.gpu_memory_bytes()},
  };
  for (const v1::NamedAmount& each : from.custom())
    amounts.push_back({each.name(), each.amount()});
  return scheduling::make_resources(amounts).value_or(scheduling::resource_vector{});
}

} // namespace

void fill(v1::RunHost& made, const run_host& from) {
  made.set_node_class(from.node_class);
  if (!from.resources.empty()) fill(*made.mutable_resources(), from.resources);
  made.set_slots(from.slots);
  made.set_owner(from.owner);
}

void fill(v1::AttemptTiming& made, const attempt_timing& from) {
  if (from.started != time_point{}) *made.mutable_started_time() = encode(from.started);
  made.set_run_nanos(nanos(from.ran));
  made.set_slot_wait_nanos(nanos(from.slot_wait));
  made.set_resource_wait_nanos(nanos(from.resource_wait));
  for (const std::string& each : from.missing)
    made.add_missing(each);
  made.set_request_bytes(from.request_bytes);
  made.set_node(from.node);
  made.set_node_class(from.node_class);
}

run_host decode(const v1::RunHost& from) {
  return {from.node_class(), vector_of(from.resources()), from.slots(), from.owner()};
}

attempt_timing decode(const v1::AttemptTiming& from) {
  attempt_timing made;
  if (from.has_started_time()) made.started = decode(from.started_time());
  made.ran = duration_of(from.run_nanos());
  made.slot_wait = duration_of(from.slot_wait_nanos());
  made.resource_wait = duration_of(from.resource_wait_nanos());
  made.missing.assign(from.missing().begin(), from.missing().end());
  made.request_bytes = from.request_bytes();
  made.node = from.node();
  made.node_class = from.node_class();
  return made;
}

} // namespace troupe::workflow
