#include "cluster/fabric/grpc/grpc_transport.hpp"

#include "cluster/fabric/grpc/internal/transport_over_grpc.hpp"

#include <grpc/support/log.h>
#include <mutex>
#include <spdlog/spdlog.h>
#include <utility>

namespace troupe::cluster {
namespace {

/// Else gRPC writes a line to stderr for whatever a stranger sends. What matters of it comes with an error or a refusal.
void take_grpc_log() {
  static std::once_flag once;
  std::call_once(once, [] {
    gpr_set_log_function([](gpr_log_func_args* line) {
      spdlog::debug("gRPC: {}:{}: {}", line->file, line->line, line->message);
    });
  });
}

result<void> check_bounds(const grpc_transport_options& options) {
  const bool good = options.handshake.count() > 0 && options.connections > 0 &&
                    options.pending_connections > 0 && options.threads > 0 &&
                    options.certificate_refresh.count() > 0 && options.keep_alive.count() >= 0 &&
                    (options.keep_alive.count() == 0 || options.keep_alive_answer.count() > 0);
  if (good) return {};
  return fail(fabric_errc::bad_option, "times and numbers of connections are more than none");
}

/// What others will see of this node.
result<trusted_certificate> own_certificate(const node_files& own, trust& by) {
  for (const auto& file : {own.key, own.authority})
    if (auto text = read_pem(file); !text) return tl::unexpected(text.error());
  const auto pem = read_pem(own.certificate);
  if (!pem) return tl::unexpected(pem.error());
  for (const auto use : {certificate_use::client, certificate_use::server})
    if (auto good = by.check(*pem, use); !good)
      return fail(fabric_errc::not_trusted, own.certificate.string() + ": " +
                                                good.error().message() +
                                                "; issue the node a new certificate");
  return by.check(*pem, certificate_use::client);
}

} // namespace

result<std::unique_ptr<transport>> make_grpc_transport(grpc_transport_options options) {
  if (auto good = check_bounds(options); !good) return tl::unexpected(good.error());
  if (auto good = check_name("a node's name", options.node); !good)
    return fail(fabric_errc::bad_option, good.error().message());
  if (options.revocations.empty()) options.revocations = options.certificates / "crl";
  const auto own = files_of(options.certificates, options.node);
  auto by = trust::open(own.authority, options.revocations);
  if (!by) return fail(fabric_errc::bad_option, by.error().message());
  const auto self = own_certificate(own, **by);
  if (!self) return tl::unexpected(self.error());
  if (self->who.node != options.node)
    return fail(fabric_errc::not_trusted,
                own.certificate.string() + " is the certificate of " + self->who.node);
  auto keeping = keeper::make();
  if (!keeping) return tl::unexpected(keeping.error());
  take_grpc_log();
  auto made = std::make_unique<transport_over_grpc>(
      std::move(options), std::make_shared<peer_check>(std::move(*by), self->who.cluster),
      std::move(*keeping));
  if (auto started = made->start(); !started) return tl::unexpected(started.error());
  return made;
}

} // namespace troupe::cluster
