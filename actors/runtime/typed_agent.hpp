#pragma once

#include "actors/runtime/agent.hpp"

#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace troupe {

template <class T>
concept protobuf_message = std::derived_from<T, google::protobuf::Message>;

/// Takes the answer to one request: call it once, from any thread. Copies are cheap and share the
/// one answer.
template <protobuf_message Reply>
class typed_responder {
public:
  explicit typed_responder(responder respond) : respond_(std::move(respond)) {}

  void operator()(reply<Reply> answer) const {
    if (answer)
      respond_(std::make_shared<const Reply>(std::move(*answer)));
    else
      respond_(tl::unexpected(std::move(answer.error())));
  }
  void fail(failure reason) const { respond_(tl::unexpected(std::move(reason))); }

private:
  responder respond_;
};

namespace runtime {

using untyped_handler =
    std::function<void(message_ptr, std::shared_ptr<const call_context>, responder)>;

struct route {
  troupe::method method;
  untyped_handler handler;
};

/// Hands each request to the handler of its type.
class routing_agent final : public agent {
public:
  /// `kept` lives as long as the agent.
  explicit routing_agent(std::vector<route> routes, std::shared_ptr<void> kept = nullptr)
      : routes_(std::move(routes)), kept_(std::move(kept)) {}

  void handle(message_ptr request, std::shared_ptr<const call_context> context,
              responder respond) override {
    for (const auto& [method, handler] : routes_)
      if (method.request == request->GetDescriptor())
        return handler(std::move(request), std::move(context), std::move(respond));
    respond(tl::unexpected(
        failure{"runtime.wrong_request_type", "no handler for " + request->GetTypeName(), false}));
  }

private:
  std::vector<route> routes_;
  std::shared_ptr<void> kept_;
};

template <protobuf_message Request, protobuf_message Reply>
method method_of() {
  return {Request::descriptor(), Reply::descriptor()};
}

/// Wraps `reply<Reply>(const Request&, const call_context&)`.
template <protobuf_message Request, protobuf_message Reply, class F>
untyped_handler synchronous_handler(F handler) {
  return [handler = std::move(handler)](
             message_ptr request, std::shared_ptr<const call_context> context, responder respond) {
    typed_responder<Reply>{std::move(respond)}(
        handler(static_cast<const Request&>(*request), *context));
  };
}

/// Wraps `void(std::shared_ptr<const Request>, std::shared_ptr<const call_context>,
/// typed_responder<Reply>)`.
template <protobuf_message Request, protobuf_message Reply, class F>
untyped_handler asynchronous_handler(F handler) {
  return [handler = std::move(handler)](
             message_ptr request, std::shared_ptr<const call_context> context, responder respond) {
    handler(std::static_pointer_cast<const Request>(std::move(request)), std::move(context),
            typed_responder<Reply>{std::move(respond)});
  };
}

inline agent_type stateless_agent(std::string name, std::string description, route only,
                                  agent_options options) {
  if (options.max_concurrency == 0) options.max_concurrency = defaults::stateless_concurrency;
  auto methods = std::vector{only.method};
  auto make = [only = std::move(only)](const agent_name&) -> reply<std::unique_ptr<agent>> {
    return std::make_unique<routing_agent>(std::vector{only});
  };
  return {std::move(name), std::move(description), std::move(methods), std::move(make), options};
}

} // namespace runtime

/// An agent type without state that answers one request type at once.
/// @param handler `reply<Reply>(const Request&, const call_context&)`; copied, called for every
///   key, and by several threads at the same time when `options.blocking` is set (see
///   `max_concurrency`).
template <protobuf_message Request, protobuf_message Reply, class F>
requires std::invocable<F&, const Request&, const call_context&> agent_type
typed_agent(std::string name, std::string description, F handler, agent_options options = {}) {
  return runtime::stateless_agent(
      std::move(name), std::move(description),
      {runtime::method_of<Request, Reply>(),
       runtime::synchronous_handler<Request, Reply>(std::move(handler))},
      options);
}

/// An agent type without state that answers one request type when it can, from any thread.
/// @param handler `void(std::shared_ptr<const Request>, std::shared_ptr<const call_context>,
/// typed_responder<Reply>)`;
///   a responder that is dropped without a call answers "runtime.no_answer".
template <protobuf_message Request, protobuf_message Reply, class F>
requires std::invocable<F&, std::shared_ptr<const Request>, std::shared_ptr<const call_context>,
                        typed_responder<Reply>>
    agent_type typed_agent(std::string name, std::string description, F handler,
                           agent_options options = {}) {
  return runtime::stateless_agent(
      std::move(name), std::move(description),
      {runtime::method_of<Request, Reply>(),
       runtime::asynchronous_handler<Request, Reply>(std::move(handler))},
      options);
}

/// An agent type with state: one `State` object per key, made at the first request and again after
/// a crash, with one member function per request type.
///
///     class counter {
///     public:
///       explicit counter(const agent_name& name);
///       // Answers at once.
///       reply<Count> add(const Add&, const call_context&);
///       // Answers later.
///       void wait(std::shared_ptr<const Wait>, std::shared_ptr<const call_context>,
///                 typed_responder<Count>);
///     };
///     auto type = stateful_agent<counter>("demo.counter", "Counts")
///                     .on(&counter::add).on(&counter::wait).build();
template <class State>
class stateful_agent {
public:
  using factory = std::function<reply<std::unique_ptr<State>>(const agent_name&)>;

  /// Makes states with `State(const agent_name&)`, or else `State()`.
  stateful_agent(std::string name, std::string description)
      : stateful_agent(std::move(name), std::move(description), construct) {}
  /// Makes states with `make`, which fails where there is no such key.
  stateful_agent(std::string name, std::string description, factory make)
      : name_(std::move(name)), description_(std::move(description)), make_(std::move(make)) {}

  /// Declares a request type and the member function that answers it at once.
  template <protobuf_message Request, protobuf_message Reply>
  stateful_agent& on(reply<Reply> (State::*handler)(const Request&, const call_context&)) {
    return add(runtime::method_of<Request, Reply>(), [handler](State& state) {
      return runtime::synchronous_handler<Request, Reply>(
          [&state, handler](const Request& request, const call_context& context) {
            return (state.*handler)(request, context);
          });
    });
  }

  /// Declares a request type and the member function that answers it when it can.
  template <protobuf_message Request, protobuf_message Reply>
  stateful_agent& on(void (State::*handler)(std::shared_ptr<const Request>,
                                            std::shared_ptr<const call_context>,
                                            typed_responder<Reply>)) {
    return add(runtime::method_of<Request, Reply>(), [handler](State& state) {
      return runtime::asynchronous_handler<Request, Reply>(
          [&state, handler](auto request, auto context, typed_responder<Reply> respond) {
            (state.*handler)(std::move(request), std::move(context), std::move(respond));
          });
    });
  }

  stateful_agent& options(agent_options options) {
    options_ = options;
    return *this;
  }

  [[nodiscard]] agent_type build() const {
    auto make = [factory = make_,
                 binders = binders_](const agent_name& name) -> reply<std::unique_ptr<agent>> {
      auto made = factory(name);
      if (!made) return tl::unexpected(std::move(made.error()));
      std::shared_ptr<State> state{std::move(*made)};
      std::vector<runtime::route> routes;
      routes.reserve(binders.size());
      for (const auto& [method, bind] : binders)
        routes.push_back({method, bind(*state)});
      return std::make_unique<runtime::routing_agent>(std::move(routes), std::move(state));
    };
    std::vector<method> methods;
    methods.reserve(binders_.size());
    for (const auto& binder : binders_)
      methods.push_back(binder.first);
    return {name_, description_, std::move(methods), std::move(make), options_};
  }

private:
  using bind_state = std::function<runtime::untyped_handler(State&)>;

  static reply<std::unique_ptr<State>> construct(const agent_name& name) {
    if constexpr (std::constructible_from<State, const agent_name&>)
      return std::make_unique<State>(name);
    else
      return std::make_unique<State>();
  }

  stateful_agent& add(method declared, bind_state bind) {
    binders_.emplace_back(declared, std::move(bind));
    return *this;
  }

  std::string name_, description_;
  factory make_;
  std::vector<std::pair<method, bind_state>> binders_;
  agent_options options_;
};

/// The answer as the type that the requester expects, or "runtime.wrong_reply_type".
template <protobuf_message Reply>
[[nodiscard]] reply<std::shared_ptr<const Reply>> expect_reply(reply<message_ptr> answer) {
  if (!answer) return tl::unexpected(std::move(answer.error()));
  if (auto typed = std::dynamic_pointer_cast<const Reply>(*answer)) return typed;
  return tl::unexpected(failure{"runtime.wrong_reply_type",
                                "expected " + Reply::descriptor()->full_name() + " but got " +
                                    ((*answer) ? (*answer)->GetTypeName() : "nothing"),
                                false});
}

/// A continuation for `request` that takes the answer as the expected type:
///     system.request(target, message, {}, typed_then<Count>([](reply<std::shared_ptr<const Count>>
///     count) { ... }));
template <protobuf_message Reply, class F>
requires std::invocable<F&, reply<std::shared_ptr<const Reply>>>
[[nodiscard]] responder typed_then(F then) {
  return [then = std::move(then)](reply<message_ptr> answer) mutable {
    then(expect_reply<Reply>(std::move(answer)));
  };
}

/// `message` as what `request` takes.
template <protobuf_message Request>
[[nodiscard]] message_ptr share(Request message) {
  return std::make_shared<const Request>(std::move(message));
}

} // namespace troupe
