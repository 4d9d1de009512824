#include "actors/runtime/caf_agent.hpp"

#include "actors/runtime/internal/core.hpp"

#include <atomic>
#include <caf/send.hpp>
#include <memory>
#include <stdexcept>
#include <utility>

namespace troupe {
namespace {

/// Counts the requests that the actor holds.
struct load {
  std::atomic<std::size_t> held = 0;
};

class native_agent final : public agent {
public:
  native_agent(caf::actor actor, std::size_t most) : actor_(std::move(actor)), most_(most) {}
  ~native_agent() override { caf::anon_send_exit(actor_, caf::exit_reason::user_shutdown); }
  native_agent(const native_agent&) = delete;
  native_agent& operator=(const native_agent&) = delete;

  void handle(message_ptr request, std::shared_ptr<const call_context> context,
              responder respond) override {
    // Its own mailbox has no bound, so the bound is kept here.
    if (load_->held >= most_)
      return respond(tl::unexpected(failure{
          "runtime.mailbox_full",
          "the native actor holds " + std::to_string(most_) + " requests; try again later", true}));
    native_request message{std::move(request), std::move(context), counted(std::move(respond))};
    if (!runtime::send_anonymously(actor_, std::move(message)))
      throw std::runtime_error{"its native actor has ended"};
  }

private:
  [[nodiscard]] responder counted(responder respond) const {
    struct place {
      explicit place(std::shared_ptr<load> counter) : in(std::move(counter)) { ++in->held; }
      place(const place&) = delete;
      place& operator=(const place&) = delete;
      ~place() { --in->held; }
      std::shared_ptr<load> in;
    };
    return [respond = std::move(respond), held = std::make_shared<place>(load_)](
               reply<message_ptr> given) { respond(std::move(given)); };
  }

  caf::actor actor_;
  std::size_t most_;
  std::shared_ptr<load> load_ = std::make_shared<load>();
};

} // namespace

agent_type caf_agent(agent_system& system, std::string name, std::string description,
                     std::vector<method> methods, native_factory make, agent_options options) {
  options.blocking = false;
  // Not owned: the core owns the types, and this with them.
  auto factory = [core = &runtime::core::of(system), make = std::move(make),
                  most = options.max_waiting_requests](
                     const agent_name& key) -> reply<std::unique_ptr<agent>> {
    auto actor = make(core->actors(), key);
    if (!actor)
      return tl::unexpected(failure{"runtime.agent_failed",
                                    "the native factory of " + key.to_string() + " made nothing",
                                    true});
    return std::make_unique<native_agent>(std::move(actor), most);
  };
  return {std::move(name), std::move(description), std::move(methods), std::move(factory), options};
}

} // namespace troupe
