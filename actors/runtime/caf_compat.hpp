#pragma once

/// The only place that spells what CAF 1.x spells differently: type ids, unsafe message types,
/// start-up and sending. Included by sources of this folder and by programs that bring native CAF
/// actors, never by the public API.

#include "actors/runtime/native_request.hpp"

#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/execution_unit.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/type_id.hpp>
#include <cstdint>
#include <utility>

namespace troupe::runtime {

struct mail; // internal/mail.hpp; CAF wants its name here

/// Far above `first_custom_type_id`, so that a host with CAF types of its own does not collide with
/// ours.
inline constexpr std::uint16_t first_caf_type_id = caf::first_custom_type_id + 1'000;

} // namespace troupe::runtime

CAF_BEGIN_TYPE_ID_BLOCK(troupe, ::troupe::runtime::first_caf_type_id)
CAF_ADD_TYPE_ID(troupe, (troupe::runtime::mail))
CAF_ADD_TYPE_ID(troupe, (troupe::native_request))
CAF_END_TYPE_ID_BLOCK(troupe)

// Neither leaves its actor system: what crosses processes is the envelope of `envelope_codec.hpp`.
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::runtime::mail)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::native_request)

namespace troupe::runtime {

/// Tells CAF about our message types; cheap when done before. Any thread, before the first
/// `caf::actor_system`.
void register_caf_types();

/// Frees this thread of the logger of the last actor system that it started or spawned in. CAF 0.18 keeps one per thread,
/// and the destructor of an actor system waits until no other thread has its own: for ever, where that thread is the
/// host's.
void forget_thread_logger();

/// Puts `message` into the mailbox of `receiver` without a sender. @returns false when the actor
/// has ended.
template <class T>
bool send_anonymously(const caf::actor& receiver, T&& message,
                      caf::execution_unit* from = nullptr) {
  auto* target = caf::actor_cast<caf::abstract_actor*>(receiver);
  return target->enqueue(
      caf::make_mailbox_element(nullptr, caf::make_message_id(), {}, std::forward<T>(message)),
      from);
}

} // namespace troupe::runtime
