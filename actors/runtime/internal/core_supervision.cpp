#include "actors/runtime/envelope_codec.hpp"
#include "actors/runtime/internal/agent_actor.hpp"
#include "actors/runtime/internal/core.hpp"
#include "actors/runtime/internal/failures.hpp"
#include "actors/runtime/internal/guarded.hpp"
#include "actors/runtime/internal/suspects.hpp"

#include <spdlog/spdlog.h>
#include <utility>

namespace troupe::runtime {
namespace {

failure down_with(const agent_name& agent, const std::string& supervisor, const std::string& why) {
  return {"runtime.agent_down",
          "the agents of supervisor " + supervisor + " stay down, since " + agent.to_string() +
              " failed too often; the last failure: " + why,
          false};
}

void report(const escalation_callback& to, const escalation& what) {
  const auto& by = what.decided_by.empty() ? std::string{"the system"} : what.decided_by;
  const auto about = what.about.empty() ? what.agent.to_string() : "all of " + what.about;
  spdlog::error("agent {} failed too often; {} {} {}: {}", what.agent.to_string(), by,
                what.restarted ? "makes anew" : "leaves down", about, what.why);
  if (!to) return;
  if (const auto thrown = thrown_by([&] { to(what); }))
    spdlog::error("on_escalation threw: {}", *thrown);
}

} // namespace

void core::escalate(const std::shared_ptr<agent_mailbox>& from, const std::string& why) {
  counters::add(counters.escalations);
  const auto [by, about, delay] =
      supervisors_.judge(from->type().options.supervisor, clock_->now());
  std::vector<std::shared_ptr<agent_mailbox>> concerned{from};
  if (!about.empty()) {
    if (!delay) supervisors_.put_down(about, down_with(from->name(), about, why));
    concerned = directory_.select([&, top = about](const agent_mailbox& each) {
      return supervisors_.is_within(each.type().options.supervisor, top);
    });
  }
  for (const auto& each : concerned)
    if (delay)
      each->post([wait = *delay](agent_actor& self) { self.start_anew(wait); });
    else if (about.empty())
      each->post([why](agent_actor& self) { self.give_up(why); });
    else
      each->post([reason = down_with(from->name(), about, why)](agent_actor& self) {
        self.put_down(reason);
      });
  report(on_escalation_, {from->name(), why, by, about, delay.has_value()});
}

void core::bury(const call& asked, message_ptr payload, failure why, std::uint32_t attempts) {
  counters::add(counters.quarantined);
  dead_letter letter;
  letter.id = asked.header().message_id.to_string();
  letter.time = clock_->wall_now();
  letter.target = asked.header().target;
  letter.idempotency_key = asked.header().idempotency_key;
  letter.why = std::move(why);
  letter.attempts = attempts;
  const auto lost = [self = shared_from_this(), id = letter.id](const std::string& reason) {
    counters::add(self->counters.dead_letters_lost);
    spdlog::error("dead letter {} could not be kept: {}", id, reason);
  };
  const bool accepted = blocking_->post([=, store = dead_letters_]() mutable {
    const auto thrown = thrown_by([&] {
      auto encoded = encode_payload(*payload);
      if (!encoded) return lost(encoded.error().message());
      letter.payload = std::move(*encoded);
      letter.size_bytes = letter.payload.bytes.size();
      if (const auto kept = store->append(letter); !kept) lost(kept.error().message());
    });
    if (thrown) lost(*thrown);
  });
  if (!accepted) lost("the blocking executor takes no more");
}

void core::replay(const dead_letter& letter, std::chrono::milliseconds timeout, responder then) {
  auto payload = decode_payload(letter.payload);
  if (!payload)
    return then(tl::unexpected(
        failure{"runtime.unreadable_dead_letter", payload.error().message(), false}));
  if (const auto box = directory_.find(letter.target))
    box->post([identity = suspects::identity(letter.idempotency_key, **payload)](
                  agent_actor& self) { self.pardon(identity); });
  envelope_header header;
  header.target = letter.target;
  header.idempotency_key = letter.idempotency_key;
  send(std::move(header), std::move(*payload), timeout, std::move(then), {});
}

} // namespace troupe::runtime
