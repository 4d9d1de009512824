#pragma once

namespace troupe::test {

/// How many times longer a measured bound may take in this build: more than once with sanitizers.
#ifdef TROUPE_TIME_SCALE
inline constexpr int time_scale = TROUPE_TIME_SCALE;
#else
inline constexpr int time_scale = 1;
#endif

} // namespace troupe::test
