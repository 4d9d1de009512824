#include "actors/workflow/live/snapshot_codec.hpp"

#include "actors/workflow/errors.hpp"
#include "actors/workflow/event_codec.hpp"
#include "kernels/text/utf8.hpp"
#include "troupe/v1/live.pb.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <google/protobuf/util/time_util.h>

namespace troupe::workflow {
namespace {

using google::protobuf::util::TimeUtil;
using snapshot_time = node_snapshot::time_point;

constexpr std::uint32_t snapshot_format = 1;

/// Valid UTF-8; the cut may have gone through a character.
std::string short_text(const std::string& of) {
  return text::repair_utf8(of.substr(0, snapshot_bounds::text_bytes)).text;
}

void put(const node_snapshot::attempt& from, v1::NodeAttempt& into) {
  into.set_run_id(short_text(from.run));
  into.set_step(short_text(from.step));
  into.set_index(from.index);
  into.set_attempt(from.number);
  into.set_compensation(from.compensation);
  *into.mutable_since_time() = encode(from.since);
  into.set_what(short_text(from.what));
  into.set_detail(short_text(from.detail));
}

void put(const node_snapshot::counters& from, v1::NodeCounters& into) {
  into.set_runs_begun(from.runs_begun);
  into.set_runs_taken_over(from.runs_taken_over);
  into.set_runs_completed(from.runs_completed);
  into.set_runs_failed(from.runs_failed);
  into.set_runs_cancelled(from.runs_cancelled);
  into.set_attempts_begun(from.attempts_begun);
  into.set_steps_completed(from.steps_completed);
  into.set_attempts_failed(from.attempts_failed);
  into.set_events(from.events);
}

node_snapshot::counters read(const v1::NodeCounters& from) {
  return {from.runs_begun(),      from.runs_taken_over(), from.runs_completed(),
          from.runs_failed(),     from.runs_cancelled(),  from.attempts_begun(),
          from.steps_completed(), from.attempts_failed(), from.events()};
}

void put_lists(const node_snapshot& from, v1::NodeSnapshot& into) {
  for (const auto& each : from.resources) {
    auto& to = *into.add_resources();
    to.set_name(short_text(each.name));
    to.set_capacity(each.capacity);
    to.set_used(each.used);
  }
  for (const auto& each : from.queues) {
    auto& to = *into.add_queues();
    to.set_name(short_text(each.name));
    to.set_count(each.count);
    if (each.oldest) *to.mutable_oldest_time() = encode(*each.oldest);
  }
  for (const auto& each : from.waiting)
    put(each, *into.add_waiting());
  for (const auto& each : from.at_work)
    put(each, *into.add_at_work());
  for (const auto& each : from.tenants) {
    auto& to = *into.add_tenants();
    to.set_name(short_text(each.name));
    to.set_weight(each.weight);
    to.set_in_flight(each.in_flight);
    to.set_waiting(each.waiting);
  }
  for (const auto& each : from.keys) {
    auto& to = *into.add_keys();
    to.set_name(short_text(each.name));
    to.set_held(each.held);
    to.set_waiting(each.waiting);
    if (each.full) *to.mutable_full_time() = encode(*each.full);
  }
}

tl::unexpected<error> unreadable(const std::string& why) {
  return fail(workflow_errc::snapshot_unreadable, why);
}

/// Reads a message with every field checked; the first that is wrong counts.
class snapshot_reader {
public:
  result<node_snapshot> read_all(const v1::NodeSnapshot& from) {
    node_snapshot made;
    made.owner = text(from.owner());
    made.node_class = text(from.node_class());
    made.policy = text(from.policy());
    made.host = text(from.host());
    made.process = from.process();
    made.began = time(from.began_time());
    made.taken = time(from.taken_time());
    made.runs = number(from.runs());
    made.in_flight = number(from.in_flight());
    made.places = number(from.places());
    made.last_commit = length(from.last_commit());
    made.counted = read(from.counted());
    read_lists(from, made);
    made.tenants_known = number(from.tenants_known());
    made.keys_known = number(from.keys_known());
    if (made.owner.empty()) refuse("it has no owner");
    if (!why_.empty()) return unreadable(why_);
    return made;
  }

private:
  void read_lists(const v1::NodeSnapshot& from, node_snapshot& into) {
    for (const auto& each : bounded(from.resources(), snapshot_bounds::resources))
      into.resources.push_back({text(each.name()), number(each.capacity()), number(each.used())});
    for (const auto& each : bounded(from.queues(), snapshot_bounds::resources))
      into.queues.push_back(
          {text(each.name()), number(each.count()),
           each.has_oldest_time() ? std::optional{time(each.oldest_time())} : std::nullopt});
    for (const auto& each : bounded(from.waiting(), snapshot_bounds::attempts))
      into.waiting.push_back(attempt(each));
    for (const auto& each : bounded(from.at_work(), snapshot_bounds::attempts))
      into.at_work.push_back(attempt(each));
    for (const auto& each : bounded(from.tenants(), snapshot_bounds::tenants)) {
      if (!std::isfinite(each.weight())) refuse("a weight is no number");
      into.tenants.push_back(
          {text(each.name()), each.weight(), number(each.in_flight()), number(each.waiting())});
    }
    for (const auto& each : bounded(from.keys(), snapshot_bounds::keys))
      into.keys.push_back(
          {text(each.name()), number(each.held()), number(each.waiting()),
           each.has_full_time() ? std::optional{time(each.full_time())} : std::nullopt});
  }

  node_snapshot::attempt attempt(const v1::NodeAttempt& from) {
    return {text(from.run_id()), text(from.step()),       from.index(),      from.attempt(),
            from.compensation(), time(from.since_time()), text(from.what()), text(from.detail())};
  }

  void refuse(const std::string& why) {
    if (why_.empty()) why_ = why;
  }
  /// What repair puts in the place of a byte has three.
  std::string text(const std::string& from) {
    if (from.size() > 3 * snapshot_bounds::text_bytes)
      refuse("a text is too long");
    else if (text::repair_utf8(from).text != from)
      refuse("a text is no UTF-8");
    return from;
  }
  std::uint64_t number(std::uint64_t from) {
    constexpr std::uint64_t most = std::uint64_t{1} << 62;
    if (from > most) refuse("a number is too large");
    return from;
  }
  snapshot_time time(const google::protobuf::Timestamp& from) {
    constexpr std::int64_t year_2200 = 7'258'118'400;
    if (from.seconds() < 0 || from.seconds() > year_2200 || from.nanos() < 0 ||
        from.nanos() > 999'999'999)
      return refuse("a time is out of range"), snapshot_time{};
    return decode(from);
  }
  std::chrono::nanoseconds length(const google::protobuf::Duration& from) {
    constexpr std::int64_t year = 31'536'000;
    if (from.seconds() < 0 || from.seconds() > year || from.nanos() < 0 ||
        from.nanos() > 999'999'999)
      return refuse("a duration is out of range"), std::chrono::nanoseconds{};
    return std::chrono::nanoseconds{TimeUtil::DurationToNanoseconds(from)};
  }
  template <class List>
  const List& bounded(const List& from, std::size_t most) {
    static const List none;
    if (static_cast<std::size_t>(from.size()) <= most) return from;
    refuse("a list is too long");
    return none;
  }

  std::string why_;
};

} // namespace

std::string encode_snapshot(const node_snapshot& of) {
  v1::NodeSnapshot made;
  made.set_format(snapshot_format);
  made.set_owner(short_text(of.owner));
  made.set_node_class(short_text(of.node_class));
  made.set_policy(short_text(of.policy));
  made.set_host(short_text(of.host));
  made.set_process(of.process);
  *made.mutable_began_time() = encode(of.began);
  *made.mutable_taken_time() = encode(of.taken);
  made.set_runs(of.runs);
  made.set_in_flight(of.in_flight);
  made.set_places(of.places);
  *made.mutable_last_commit() = TimeUtil::NanosecondsToDuration(of.last_commit.count());
  put(of.counted, *made.mutable_counted());
  put_lists(of, made);
  made.set_tenants_known(of.tenants_known);
  made.set_keys_known(of.keys_known);
  return made.SerializeAsString();
}

result<node_snapshot> decode_snapshot(std::string_view bytes) {
  if (bytes.size() > most_snapshot_bytes)
    return unreadable(
        fmt::format("it has {} bytes, at most {} are read", bytes.size(), most_snapshot_bytes));
  v1::NodeSnapshot from;
  if (!from.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return unreadable("it is malformed");
  if (from.format() != snapshot_format)
    return unreadable(fmt::format("it has format {}, this program knows {}; use a newer troupe",
                                  from.format(), snapshot_format));
  return snapshot_reader{}.read_all(from);
}

} // namespace troupe::workflow
