#pragma once

#include <chrono>
#include <cstddef>

namespace troupe::cluster::testing::defaults {

/// How long a frame travels.
inline constexpr std::chrono::microseconds latency{50};
/// A link on which nothing comes through is given up after this; every end takes up to a quarter more.
inline constexpr std::chrono::seconds silence{5};
/// A link that is not open by then is given up.
inline constexpr std::chrono::seconds handshake{3};
/// What a direction of a link holds that was not read yet. The frame that goes beyond is held, and `on_sent` waits.
inline constexpr std::size_t window_bytes = std::size_t{1} << 20;

} // namespace troupe::cluster::testing::defaults
