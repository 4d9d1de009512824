#include "actors/runtime/caf_agent.hpp"

#include "actors/runtime/internal/core.hpp"

#include <atomic>
#include <caf/send.hpp>
#include <memory>
#include <stdexcept>
#include <utility>

namespace troupe {
namespace {

/// The requests that the actor holds, and the bytes of their payloads.
struct load {
  std::atomic<std::size_t> held = 0, held_bytes = 0;
};

/// The place of one request in the actor; gone when every copy of its responder is.
class place {
public:
  place(std::shared_ptr<load> in, std::size_t size_bytes) : in_(std::move(in)), size_(size_bytes) {
    ++in_->held;
    in_->held_bytes += size_;
  }
  place(const place&) = delete;
  place& operator=(const place&) = delete;
  ~place() {
    --in_->held;
    in_->held_bytes -= size_;
  }

private:
  std::shared_ptr<load> in_;
  std::size_t size_;
};

class native_agent final : public agent {
public:
  native_agent(caf::actor actor, std::size_t most, std::size_t most_bytes)
      : actor_(std::move(actor)), most_(most), most_bytes_(most_bytes) {}
  ~native_agent() override { caf::anon_send_exit(actor_, caf::exit_reason::user_shutdown); }
  native_agent(const native_agent&) = delete;
  native_agent& operator=(const native_agent&) = delete;

  void handle(message_ptr request, std::shared_ptr<const call_context> context,
              responder respond) override {
    // Its own mailbox has no bound, so the bounds are kept here. Only this agent adds to the load, one request at a time.
    const auto size = request->ByteSizeLong();
    if (load_->held >= most_) return respond(full("holds " + std::to_string(most_) + " requests"));
    if (load_->held > 0 && load_->held_bytes + size > most_bytes_)
      return respond(full("holds as many of the " + std::to_string(most_bytes_) +
                          " bytes that it may as leave no room"));
    native_request message{std::move(request), std::move(context),
                           counted(std::move(respond), size)};
    if (!runtime::send_anonymously(actor_, std::move(message)))
      throw std::runtime_error{"its native actor has ended"};
  }

private:
  static reply<message_ptr> full(const std::string& how) {
    return tl::unexpected(
        failure{"runtime.mailbox_full", "the native actor " + how + "; try again later", true});
  }
  [[nodiscard]] responder counted(responder respond, std::size_t size_bytes) const {
    return [respond = std::move(respond), held = std::make_shared<place>(load_, size_bytes)](
               reply<message_ptr> given) { respond(std::move(given)); };
  }

  caf::actor actor_;
  std::size_t most_, most_bytes_;
  std::shared_ptr<load> load_ = std::make_shared<load>();
};

} // namespace

agent_type caf_agent(agent_system& system, std::string name, std::string description,
                     std::vector<method> methods, native_factory make, agent_options options) {
  options.blocking = false;
  // Not owned: the core owns the types, and this with them.
  auto factory = [core = &runtime::core::of(system), make = std::move(make),
                  most = options.max_waiting_requests, most_bytes = options.max_waiting_bytes](
                     const agent_name& key) -> reply<std::unique_ptr<agent>> {
    auto actor = make(core->actors(), key);
    if (!actor)
      return tl::unexpected(failure{"runtime.agent_failed",
                                    "the native factory of " + key.to_string() + " made nothing",
                                    true});
    return std::make_unique<native_agent>(std::move(actor), most, most_bytes);
  };
  return {std::move(name), std::move(description), std::move(methods), std::move(factory), options};
}

} // namespace troupe
