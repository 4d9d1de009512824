// What every transport must do, over gRPC.
#include "cluster/fabric/grpc/grpc_transport.hpp"
#include "cluster/pki/authority.hpp"
#include "tests/cluster/fabric/transport_contract.hpp"
#include "tests/support/files.hpp"
#include "tests/support/results.hpp"
#include "tests/support/time_scale.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>

using namespace troupe;
using namespace troupe::cluster;

namespace {

/// Nodes of the cluster that the contract speaks of, with certificates.
struct contract_lab {
  test::temporary_folder folder;
  authority made = test::must(authority::init(folder.path() / "ca", {.cluster = "lab"}));

  std::unique_ptr<transport> make(const node_identity& who) {
    const auto out = folder.path() / who.node;
    if (!std::filesystem::exists(out))
      test::must(
          made.issue({.node = who.node, .roles = who.roles, .hosts = {"127.0.0.1"}, .out = out}));
    grpc_transport_options options;
    options.certificates = out;
    options.node = who.node;
    options.revocations = made.revocations_folder();
    return test::must(make_grpc_transport(std::move(options)));
  }
  test::transport_contract::world world() {
    return {.make = [this](const node_identity& who) { return make(who); },
            .wait =
                [](test::monitor& at, const std::function<bool()>& done) {
                  const auto end = std::chrono::steady_clock::now() +
                                   std::chrono::seconds{20} * test::time_scale;
                  while (!done()) {
                    std::unique_lock lock{at.mutex};
                    if (std::chrono::steady_clock::now() > end) return false;
                    at.changed.wait_for(lock, std::chrono::milliseconds{20});
                  }
                  return true;
                }};
  }
};

BOOST_AUTO_TEST_CASE(fabric_grpc_transport_keeps_the_contract) {
  contract_lab lab;
  test::transport_contract::everything(lab.world());
}

} // namespace
