#include "cluster/membership/members_agent.hpp"

#include "actors/runtime/typed_agent.hpp"
#include "cluster/membership/errc.hpp"
#include "cluster/membership/member_codec.hpp"

#include <google/protobuf/util/time_util.h>

namespace troupe::cluster {
namespace {

using google::protobuf::util::TimeUtil;
using context_ptr = std::shared_ptr<const call_context>;

/// The member that a request speaks of, if it comes from there.
template <class Request>
result<member_key> speaker_of(const Request& request, const call_context& context) {
  if (auto same = check_speaker(context.header().principal, request.node()); !same)
    return tl::unexpected(std::move(same.error()));
  return member_key{request.node(), request.incarnation()};
}

class members_agent {
public:
  members_agent(std::shared_ptr<membership_service> service, roles_of_principal roles_of)
      : service_(std::move(service)), roles_of_(std::move(roles_of)) {}

  void join(std::shared_ptr<const v1::JoinRequest> request, context_ptr context,
            typed_responder<v1::JoinReply> respond);
  void renew(std::shared_ptr<const v1::RenewRequest> request, context_ptr context,
             typed_responder<v1::RenewReply> respond);
  void leave(std::shared_ptr<const v1::LeaveRequest> request, context_ptr context,
             typed_responder<v1::LeaveReply> respond);
  reply<v1::MembersReply> members(const v1::MembersRequest& request, const call_context& context);

private:
  [[nodiscard]] result<member_record> admitted(const v1::JoinRequest& request,
                                               const std::string& principal) const;

  const std::shared_ptr<membership_service> service_;
  const roles_of_principal roles_of_;
};

result<member_record> members_agent::admitted(const v1::JoinRequest& request,
                                              const std::string& principal) const {
  member_record node;
  node.node = request.node();
  if (auto same = check_speaker(principal, node.node); !same)
    return tl::unexpected(std::move(same.error()));
  if (auto read = decode_details(request.details(), node); !read)
    return tl::unexpected(std::move(read.error()));
  if (auto fits = admit(principal, node, service_->self(), roles_of_); !fits)
    return tl::unexpected(std::move(fits.error()));
  return node;
}

void members_agent::join(std::shared_ptr<const v1::JoinRequest> request, context_ptr context,
                         typed_responder<v1::JoinReply> respond) {
  const auto node = admitted(*request, context->header().principal);
  if (!node) return respond.fail(to_failure(node.error()));
  service_->join(*node, [respond](const reply<membership_service::grant>& granted) {
    if (!granted) return respond.fail(granted.error());
    v1::JoinReply answer;
    answer.set_incarnation(granted->incarnation);
    *answer.mutable_lease() = TimeUtil::MillisecondsToDuration(granted->lease.count());
    respond(std::move(answer));
  });
}

void members_agent::renew(std::shared_ptr<const v1::RenewRequest> request, context_ptr context,
                          typed_responder<v1::RenewReply> respond) {
  const auto member = speaker_of(*request, *context);
  if (!member) return respond.fail(to_failure(member.error()));
  const auto state = decode_state(request->state());
  if (!state) return respond.fail(to_failure(state.error()));
  // To leave is another request, and who is dead does not say so.
  const auto wanted = std::min(*state, member_state::draining);
  service_->renew(*member, wanted,
                  [respond, service = service_, known = request->known_version()](
                      const reply<std::chrono::milliseconds>& lease) {
                    if (!lease) return respond.fail(lease.error());
                    v1::RenewReply answer;
                    *answer.mutable_lease() = TimeUtil::MillisecondsToDuration(lease->count());
                    *answer.mutable_changes() = service->changes_since(known);
                    respond(std::move(answer));
                  });
}

void members_agent::leave(std::shared_ptr<const v1::LeaveRequest> request, context_ptr context,
                          typed_responder<v1::LeaveReply> respond) {
  const auto member = speaker_of(*request, *context);
  if (!member) return respond.fail(to_failure(member.error()));
  service_->advance(*member, member_state::left, [respond](const reply<void>& done) {
    if (!done) return respond.fail(done.error());
    respond(v1::LeaveReply{});
  });
}

reply<v1::MembersReply> members_agent::members(const v1::MembersRequest& request,
                                               const call_context& /*context*/) {
  v1::MembersReply answer;
  *answer.mutable_changes() = service_->changes_since(request.since_version());
  return answer;
}

} // namespace

agent_type make_members_agent(std::shared_ptr<membership_service> service,
                              roles_of_principal roles_of) {
  auto make = [service = std::move(service), roles_of = std::move(roles_of)](
                  const agent_name& name) -> reply<std::unique_ptr<members_agent>> {
    if (name.key != "default")
      return tl::unexpected(failure{std::string{bad_request_failure},
                                    "there is only cluster.members/default", false});
    return std::make_unique<members_agent>(service, roles_of);
  };
  return stateful_agent<members_agent>(std::string{members_agent_type},
                                       "Takes nodes into the cluster, prolongs their leases, and "
                                       "tells who is a member",
                                       std::move(make))
      .on(&members_agent::join)
      .on(&members_agent::renew)
      .on(&members_agent::leave)
      .on(&members_agent::members)
      .build();
}

} // namespace troupe::cluster
