#include "cluster/fabric/grpc/internal/client_link.hpp"

#include "cluster/fabric/grpc/internal/wire.hpp"

#include <grpcpp/create_channel.h>
#include <utility>

namespace troupe::cluster {
client_link::client_link(link_surroundings& in, node_address to,
                         std::shared_ptr<link_listener> listener)
    : stream_link{in}, address_{std::move(to)} {
  listener_ = std::move(listener);
  peer_.address = to_text(address_);
}

verifier client_link::judge(std::shared_ptr<peer_check> by) const {
  return make_verifier([by = std::move(by), host = address_.host,
                        findings = findings_](std::string_view pem) -> std::optional<std::string> {
    auto trusted = by->server(pem, host);
    const std::lock_guard lock{findings->mutex};
    findings->trusted = trusted.has_value();
    if (trusted) return std::nullopt;
    findings->refused = std::move(trusted.error());
    return findings->refused->reason;
  });
}

void client_link::start(const std::shared_ptr<grpc::ChannelCredentials>& credentials,
                        const grpc::ChannelArguments& arguments, completion_loop& on,
                        clock::time_point deadline) {
  const std::lock_guard lock{mutex_};
  if (phase_ == phase::opening) deadline_ = deadline;
  channel_ = grpc::CreateCustomChannel(to_target(address_), credentials, arguments);
  stream_ = grpc::GenericStub{channel_}.PrepareCall(context_.get(), connect_method, &on.queue());
  stream_->StartCall(opening_.begin());
  if (phase_ == phase::ending) cancel_locked();
}

void client_link::on_opening(bool good) {
  if (!good) return fail({});
  if (!metadata_asked_) {
    const std::lock_guard lock{mutex_};
    if (phase_ != phase::opening) return;
    metadata_asked_ = true;
    stream_->ReadInitialMetadata(opening_.begin());
    return;
  }
  introduce();
}

void client_link::introduce() {
  if (context_->GetServerInitialMetadata().count(taken_header) == 0) return fail({});
  auto trusted = in_.check.server(certificate_in(*context_->auth_context()), address_.host);
  if (!trusted) {
    {
      const std::lock_guard lock{findings_->mutex};
      findings_->refused = std::move(trusted.error());
    }
    return end({});
  }
  peer_.who = std::move(trusted->who);
  peer_.serial = std::move(trusted->serial);
  not_after_ = trusted->not_after;
  opened(*stream_, *stream_);
}

void client_link::finish_locked() {
  if (!stream_) return; // it starts next, and is cancelled then
  if (by_us_) cancel_locked();
  if (opening_.going_on || finishing_.going_on || finished_) return;
  stream_->Finish(&status_, finishing_.begin());
}

error client_link::conclude(error why) {
  std::optional<refused_certificate> refused;
  bool trusted = false;
  {
    const std::lock_guard lock{findings_->mutex};
    refused = findings_->refused;
    trusted = findings_->trusted;
  }
  stream_.reset();
  channel_.reset();
  context_.reset();
  if (!was_open_ && refused) {
    in_.refused.note({refused->why, peer_.address, refused->reason});
    return {fabric_errc::not_trusted, peer_.address + ": " + refused->reason};
  }
  if (by_us_) return {why.code, peer_.address + ": " + why.context};
  return explain(status_, {.address = peer_.address, .trusted = trusted, .was_open = was_open_});
}

} // namespace troupe::cluster
