#include "actors/workflow/replay_check.hpp"

#include "actors/workflow/definition_cache.hpp"
#include "actors/workflow/errors.hpp"
#include "actors/workflow/event_codec.hpp"
#include "actors/workflow/machine.hpp"

#include <deque>
#include <fmt/format.h>

namespace troupe::workflow {
namespace {

/// The engine reads its clock twice for one failure: once to judge it, once for the event.
constexpr std::chrono::seconds clock_slack{1};

std::string name_of(const instance_id& instance) {
  return fmt::format("{}[{}]{}", instance.step, instance.index,
                     instance.compensation ? " compensation" : "");
}

std::string name_of(const attempt_id& attempt) {
  return fmt::format("{} attempt {} token {}", name_of(attempt.instance), attempt.attempt,
                     attempt.token);
}

/// What an event is about, where that is an instance or an attempt.
struct subject {
  std::string operator()(const step_scheduled& is) const { return name_of(is.attempt); }
  std::string operator()(const step_completed& is) const { return name_of(is.attempt); }
  std::string operator()(const child_started& is) const {
    return name_of(is.attempt) + " as run " + is.run_id;
  }
  std::string operator()(const step_failed& is) const {
    return fmt::format("{}: {}, {}", name_of(is.attempt), is.why.type,
                       is.other_goes_on ? "the other one goes on"
                       : is.retry_time  ? "tried again"
                                        : "for good");
  }
  std::string operator()(const step_speculated& is) const {
    return fmt::format("{} beside attempt {}", name_of(is.attempt), is.beside);
  }
  std::string operator()(const step_preempted& is) const { return name_of(is.attempt); }
  std::string operator()(const step_lost& is) const {
    return fmt::format("{} with node {}", name_of(is.attempt), is.node);
  }
  std::string operator()(const step_retry_due& is) const {
    return fmt::format("{} attempt {}", name_of(is.instance), is.attempt);
  }
  std::string operator()(const step_decided& is) const {
    return name_of(is.instance) + (is.skipped ? " skipped" : " to be done");
  }
  std::string operator()(const step_timed_out& is) const { return name_of(is.instance); }
  std::string operator()(const step_waiting& is) const {
    return name_of(is.instance) + (is.due ? " for its time" : " for a signal");
  }
  std::string operator()(const timer_fired& is) const { return name_of(is.instance); }
  std::string operator()(const signal_received& is) const {
    return fmt::format("{} id {}", is.name, is.id);
  }
  std::string operator()(const run_failed& is) const { return is.why.why.type; }
  std::string operator()(const run_compensating& is) const {
    return is.why ? is.why->why.type : "cancelled";
  }
  template <class Other>
  std::string operator()(const Other&) const {
    return {};
  }
};

/// The name of the event's kind as in `history.proto`.
std::string kind_name(const v1::Event& event) {
  const auto* reflection = v1::Event::GetReflection();
  const auto* field =
      reflection->GetOneofFieldDescriptor(event, v1::Event::descriptor()->FindOneofByName("kind"));
  return field ? field->name() : "nothing that this build knows";
}

/// What the machine wants recorded at once; absent for what waits for the world outside.
struct immediate {
  const machine& state;
  time_point now;

  using what = std::optional<decltype(event::what)>;
  what operator()(const schedule_attempt& is) const { return step_scheduled{is.attempt}; }
  what operator()(const decide_instance& is) const { return state.decide(is.instance); }
  what operator()(const start_waiting& is) const {
    return step_waiting{is.instance, is.wait ? std::optional{now + *is.wait} : std::nullopt};
  }
  what operator()(const complete_run&) const { return run_completed{}; }
  what operator()(const fail_run& is) const { return run_failed{{is.why, is.attempt}}; }
  what operator()(const start_compensating& is) const {
    if (!is.why) return run_compensating{std::nullopt, is.cancel_reason};
    return run_compensating{run_failure{*is.why, is.attempt}, {}};
  }
  what operator()(const cancel_run& is) const { return run_cancelled{is.reason}; }
  template <class Other>
  what operator()(const Other&) const {
    return std::nullopt;
  }
};

bool is_immediate(const command& wanted) {
  return std::visit(
      [](const auto& each) {
        using type = std::decay_t<decltype(each)>;
        return !std::is_same_v<type, start_retry_timer> &&
               !std::is_same_v<type, start_wait_timer> && !std::is_same_v<type, start_child> &&
               !std::is_same_v<type, await_child> && !std::is_same_v<type, cancel_child>;
      },
      wanted);
}

/// Steps through one history.
class follower {
public:
  std::optional<divergence> take(const v1::Event& stored) {
    const auto happened = decode(stored, definitions_);
    if (!happened) return refusal(stored, happened.error().message());
    // A gap is not what this build would do otherwise.
    if (happened->sequence == state_.version() + 1)
      if (auto found = compare(stored, *happened)) return found;
    auto wanted = state_.apply(*happened);
    if (!wanted) return refusal(stored, wanted.error().context);
    std::erase_if(*wanted, [](const command& each) { return !is_immediate(each); });
    due_.insert(due_.begin(), wanted->begin(), wanted->end());
    last_ = happened->time;
    return std::nullopt;
  }

  [[nodiscard]] std::optional<divergence> end() const {
    if (due_.empty()) return std::nullopt;
    return divergence{
        divergence::kind::differs, state_.version() + 1, "", text(*expected(last_)), {}};
  }

private:
  [[nodiscard]] immediate::what expected(time_point now) const {
    return std::visit(immediate{state_, now}, due_.front());
  }
  [[nodiscard]] static std::string text(const decltype(event::what)& what) {
    return describe(encode({1, {}, what}));
  }
  static std::optional<divergence> refusal(const v1::Event& stored, std::string why) {
    return divergence{
        divergence::kind::refused, stored.sequence(), describe(stored), {}, std::move(why)};
  }

  /// What had to come now, or what an answer from outside had to become.
  std::optional<divergence> compare(const v1::Event& stored, const event& happened) {
    // It may come in between: an engine has to look first whether that run is there.
    if (std::holds_alternative<child_started>(happened.what)) return std::nullopt;
    if (!due_.empty()) {
      auto due = expected(happened.time);
      due_.pop_front();
      return compare(stored, text(*due));
    }
    if (const auto* failed = std::get_if<step_failed>(&happened.what);
        failed && state_.is_current(failed->attempt)) {
      const step_failed judged = state_.judge(failed->attempt, failed->why, happened.time);
      if (auto found = compare(stored, text(judged))) return found;
      if (judged.retry_time && abs(*judged.retry_time - *failed->retry_time) > clock_slack)
        return compare(
            stored, fmt::format("{} {:.3f} s later", text(judged), seconds(happened, judged)),
            fmt::format("{} {:.3f} s later", describe(stored), seconds(happened, *failed)));
    }
    return std::nullopt;
  }
  static std::optional<divergence> compare(const v1::Event& stored, std::string expected,
                                           std::string recorded = {}) {
    if (recorded.empty()) recorded = describe(stored);
    if (recorded == expected) return std::nullopt;
    return divergence{
        divergence::kind::differs, stored.sequence(), std::move(recorded), std::move(expected), {}};
  }
  static double seconds(const event& happened, const step_failed& failed) {
    return std::chrono::duration<double>(*failed.retry_time - happened.time).count();
  }

  machine state_;
  definition_cache definitions_;
  /// To be recorded before anything else, the first one first.
  std::deque<command> due_;
  time_point last_{};
};

} // namespace

std::string describe(const v1::Event& event) {
  const auto plain = decode(event);
  const std::string about = plain ? std::visit(subject{}, plain->what) : std::string{};
  return about.empty() ? kind_name(event) : kind_name(event) + " " + about;
}

std::optional<divergence> first_divergence(std::span<const v1::Event> history) {
  follower along;
  for (const v1::Event& each : history)
    if (auto found = along.take(each)) return found;
  if (history.empty())
    return divergence{divergence::kind::refused, 1, {}, {}, "the history is empty"};
  return along.end();
}

} // namespace troupe::workflow
