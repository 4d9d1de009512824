#include "cluster/fabric/grpc/internal/transport_over_grpc.hpp"

#include <algorithm>
#include <utility>

namespace troupe::cluster {
namespace {

error stopped_error() {
  return {fabric_errc::stopped, "this node's transport is stopped"};
}

} // namespace

transport_over_grpc::transport_over_grpc(grpc_transport_options options,
                                         std::shared_ptr<peer_check> check,
                                         std::unique_ptr<keeper> by)
    : options_{std::move(options)}, own_{files_of(options_.certificates, options_.node)},
      bounds_{options_.handshake, options_.keep_alive, options_.keep_alive_answer},
      metrics_{options_.metrics ? options_.metrics : std::make_shared<grpc_transport_metrics>()},
      check_{std::move(check)}, client_arguments_{client_arguments(bounds_)},
      refusals_{metrics_, options_.on_refused}, keeper_{std::move(by)},
      gate_{std::make_shared<gate>(
          *keeper_,
          gate::bounds{options_.connections, options_.pending_connections, options_.handshake},
          refusals_, metrics_)},
      surroundings_{.check = *check_,
                    .refused = refusals_,
                    .metrics = *metrics_,
                    .over = [this](const auto& one) { links_.remove(one); }},
      reception_{.service = service_,
                 .door = *gate_,
                 .arrived = [this](const auto& one, auto& on) { return arrived(one, on); },
                 .accept = {}} {}

/// It may be asked after the end of the transport, by a handshake that gRPC has not ended yet.
verifier transport_over_grpc::client_judge() const {
  return make_verifier(
      [check = check_, door = gate_](std::string_view pem) -> std::optional<std::string> {
        auto trusted = check->node(pem, certificate_use::client);
        if (trusted) return std::nullopt;
        door->refused(trusted.error().why, trusted.error().reason);
        return trusted.error().reason;
      });
}

result<void> transport_over_grpc::start() {
  grpc::ServerBuilder builder;
  for (const auto& [name, value] : server_settings(bounds_))
    builder.AddChannelArgument(name, value);
  builder.RegisterAsyncGenericService(&service_);
  for (std::size_t i = 0; i < options_.threads; ++i)
    loops_.push_back(std::make_unique<completion_loop>(builder.AddCompletionQueue()));
  door_ = builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD,
      server_credentials(own_, client_judge(), options_.certificate_refresh));
  server_ = builder.BuildAndStart();
  if (!server_) return fail(fabric_errc::bad_option, "gRPC cannot start a server");
  for (const auto& loop : loops_) {
    loop->start();
    wait_for_stream(*loop);
  }
  keeper_->start(
      {.ready = [this](auto id) { gate_->ready(id); }, .tick = [this] { return tick(); }});
  return {};
}

result<std::string> transport_over_grpc::listen(const std::string& address, acceptor accept) {
  const auto at = parse_address(address);
  if (!at) return fail(fabric_errc::cannot_listen, at.error().context);
  auto socket = listen_at(*at);
  if (!socket) return tl::unexpected(socket.error());
  if (listening_.exchange(true))
    return fail(fabric_errc::cannot_listen, address + ": it listens already; once is enough");
  reception_.accept = std::move(accept);
  const bool posted = links_.unless_closed([&] {
    // Tasks are copied, and a descriptor is not.
    auto fd = std::make_shared<agents::file_descriptor>(std::move(socket->fd));
    keeper_->post([this, fd] {
      gate_->open(std::move(*fd), [this](int connection) { hand_over(connection); });
    });
  });
  if (!posted) return tl::unexpected(stopped_error());
  return socket->address;
}

void transport_over_grpc::hand_over(int fd) {
  grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters parameters;
  parameters.listener_fd = -1;
  parameters.fd = fd;
  door_->HandleNewConnection(&parameters);
}

void transport_over_grpc::connect(const std::string& address,
                                  std::shared_ptr<link_listener> listener) {
  const auto to = parse_address(address);
  const bool posted = links_.unless_closed([&] {
    keeper_->post([this, to, listener] {
      if (to)
        dial(*to, listener);
      else
        listener->on_closed(to.error());
    });
  });
  if (!posted) listener->on_closed(stopped_error());
}

void transport_over_grpc::dial(const node_address& to,
                               const std::shared_ptr<link_listener>& listener) {
  const auto made = std::make_shared<client_link>(surroundings_, to, listener);
  const auto credentials = client_credentials(own_, made->judge(check_));
  if (!credentials) return listener->on_closed(credentials.error());
  if (!links_.add(made)) return listener->on_closed(stopped_error());
  made->start(*credentials, client_arguments_, *loops_[next_loop_++ % loops_.size()],
              stream_link::clock::now() + options_.handshake);
}

void transport_over_grpc::wait_for_stream(completion_loop& on) {
  std::make_shared<server_link>(surroundings_, reception_)->wait(on);
}

bool transport_over_grpc::arrived(const std::shared_ptr<server_link>& one, completion_loop& on) {
  const bool go_on = links_.unless_closed([&] { wait_for_stream(on); }) && links_.add(one);
  keeper_->wake();
  return go_on;
}

std::chrono::milliseconds transport_over_grpc::tick() {
  const auto now = stream_link::clock::now();
  const auto next = gate_->tick(now);
  const auto interval = std::min(
      {grpc_defaults::tick, std::max(options_.handshake / 4, std::chrono::milliseconds{1})});
  if (now >= next_look_) {
    next_look_ = now + interval;
    look_at_links(now);
  }
  return links_.all().empty() ? next : std::min(next, interval);
}

void transport_over_grpc::look_at_links(stream_link::clock::time_point now) {
  const auto date = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  for (const auto& one : links_.all())
    one->look(now, date);
}

void transport_over_grpc::stop() {
  std::call_once(stopped_, [this] { stop_once(); });
}

void transport_over_grpc::stop_once() {
  links_.close();
  keeper_->stop();
  gate_->close();
  if (!server_) return;
  for (const auto& one : links_.all())
    one->end(stopped_error(), true);
  links_.wait_until_empty();
  server_->Shutdown(std::chrono::system_clock::now());
  for (const auto& loop : loops_)
    loop->stop();
}

} // namespace troupe::cluster
