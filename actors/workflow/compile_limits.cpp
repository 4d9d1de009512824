#include "actors/scheduling/limits/rate.hpp"
#include "actors/workflow/compiler.hpp"
#include "actors/workflow/durations.hpp"

#include <fmt/format.h>
#include <google/protobuf/util/message_differencer.h>

// What attempts of a step are bound to with others that name the same keys.
namespace troupe::workflow {

void compiler::check_limits(const v1::StepDefinition& from, step& made) {
  if (from.limits_size() == 0) return;
  const std::string path = "steps." + from.id() + ".limits";
  if (made.kind != step_kind::agent)
    return report(path,
                  "only the attempts of agents have limits, not steps that wait or are runs of "
                  "their own; leave the limits out",
                  true);
  if (from.limits_size() > static_cast<int>(definition_limits::key_limits))
    return report(path,
                  fmt::format("{} limits, a step may have {}; name fewer keys", from.limits_size(),
                              definition_limits::key_limits),
                  true);
  for (int i = 0; i < from.limits_size(); ++i)
    check_limit(from.limits(i), made, fmt::format("{}[{}]", path, i));
}

void compiler::check_limit(const v1::KeyLimit& from, step& made, const std::string& path) {
  if (from.key().empty()) report(path, "the limit has no key; add 'key: TEXT'");
  if (from.concurrency() == 0 && from.rate() == 0)
    report(path, "the limit bounds nothing; add 'concurrency: NUMBER' or 'rate: NUMBER/TIME'");
  step_limit limit;
  limit.concurrency = from.concurrency();
  if (from.rate() > 0) {
    const scheduling::rate pace{from.rate(), from_proto(from.per())};
    if (is_good(pace))
      limit.interval = interval_of(pace);
    else
      report(path + ".rate",
             "the rate is out of range; give 1 to 1000000 starts in a time from 1ms to 24h");
  }
  if (from.burst() > 0 && from.rate() == 0)
    report(path + ".burst", "a burst is of a rate; add 'rate: NUMBER/TIME', or leave it out");
  if (from.burst() > scheduling::rate_limits::count)
    report(path + ".burst", "the burst is out of range; write one from 1 to 1000000");
  limit.burst = std::max(from.burst(), 1u);
  check_same_key(from, path);
  made.key_limits.push_back(std::move(limit));
}

/// Two numbers for one key would be one mistake: which counts would depend on who comes first.
void compiler::check_same_key(const v1::KeyLimit& from, const std::string& path) {
  const auto parsed = parse_text(from.key());
  if (!parsed || parsed->has_references()) return;
  const auto [known, fresh] = fixed_keys_.emplace(from.key(), &from);
  if (!fresh && !google::protobuf::util::MessageDifferencer::Equals(*known->second, from))
    report(path, fmt::format("key '{}' has other limits in another place; give it the same ones, "
                             "or another name",
                             from.key().substr(0, 140)));
}

void compiler::check_limit_keys(std::size_t at) {
  step& made = made_->steps[at];
  const v1::StepDefinition& from = source_.steps(static_cast<int>(at));
  for (std::size_t i = 0; i < made.key_limits.size(); ++i) {
    const auto& key = from.limits(static_cast<int>(i)).key();
    const auto parsed = parse_text(key);
    if (!parsed) continue; // said before
    if (auto joined = join_text(at, *parsed, fmt::format("steps.{}.limits[{}].key", made.id, i)))
      made.key_limits[i].key = std::get<text_expression>(std::move(*joined));
  }
}

} // namespace troupe::workflow
