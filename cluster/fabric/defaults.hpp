#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// Tunables of the fabric in one place, each with its unit.
namespace troupe::cluster::fabric_defaults {

/// Versions of the protocol that this build speaks.
inline constexpr std::uint32_t protocol_min = 1, protocol_max = 1;
/// Parcels are gathered up to this in one frame, and larger ones cut into pieces of it: what keeps the cluster together
/// waits for one frame at most.
inline constexpr std::size_t frame_bytes = std::size_t{256} << 10;
/// Parcels in one frame. More of them make messages no faster, and those of the next frame later: while one is read, the next
/// is written.
inline constexpr std::size_t frame_parcels = 64;
/// Bytes of parcels of one lane that a peer may send ahead of what was served.
inline constexpr std::size_t window_bytes = std::size_t{32} << 20;
/// Bytes and number of parcels of one lane that wait here for one peer; more is refused.
inline constexpr std::size_t queue_bytes = std::size_t{96} << 20;
inline constexpr std::size_t queue_parcels = 100'000;
/// The payload of one message, as it is on the wire.
inline constexpr std::size_t payload_bytes = std::size_t{64} << 20;
/// A parcel around such a payload.
inline constexpr std::size_t parcel_bytes = payload_bytes + (std::size_t{256} << 10);
/// What is set aside for a parcel in pieces when the first of them is there; beyond it, as they come.
inline constexpr std::size_t reserved_bytes = std::size_t{2} << 20;
/// A receipt is sent by itself after so many bytes or parcels, if nothing else is.
inline constexpr std::size_t receipt_bytes = std::size_t{1} << 20;
inline constexpr std::uint64_t receipt_parcels = 4'096;
/// How often what is under way is looked after: receipts that are due, requests that are not wanted any more.
inline constexpr std::chrono::milliseconds sweep{50};
/// A peer that is not reached is tried again after this, doubling up to the second, each time with a random part taken off.
inline constexpr std::chrono::milliseconds first_backoff{50}, longest_backoff{2'000};
/// How long a link may take from its opening to the peer's hello.
inline constexpr std::chrono::milliseconds hello_bound{5'000};
/// Signs of life of one request go out no more often than this.
inline constexpr std::chrono::milliseconds pulse_interval{100};

} // namespace troupe::cluster::fabric_defaults
