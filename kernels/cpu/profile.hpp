#pragma once

#include <array>
#include <chrono>
#include <cstddef>

/// Where the time of a forward pass goes, for benches: costs nothing while nobody asks.
namespace troupe::cpu {

/// The kernels of a pass. Products are the sums alone; what is done with them is the three endings.
enum class stage {
  embedding,
  qkv_product,
  attention_output_product,
  up_product,
  down_product,
  linear_ending,
  residual_ending,
  activation_ending,
  attention,
  quantization,
  norm,
  classifier,
};
inline constexpr std::size_t stage_count = static_cast<std::size_t>(stage::classifier) + 1;

/// "up_product".
[[nodiscard]] const char* to_string(stage of);

/// Adds up the seconds of each stage of the passes that its thread runs while it lives. One per thread at a time; work of other
/// threads of the stream does not count.
class profile_scope {
public:
  profile_scope();
  ~profile_scope();
  profile_scope(const profile_scope&) = delete;
  profile_scope& operator=(const profile_scope&) = delete;

  [[nodiscard]] double seconds(stage of) const {
    return std::chrono::duration<double>{times_[static_cast<std::size_t>(of)]}.count();
  }

private:
  friend class stage_timer;
  using clock = std::chrono::steady_clock;
  std::array<clock::duration, stage_count> times_{};
};

/// Counts the time of its scope to a stage, where the calling thread has a profile.
class stage_timer {
public:
  explicit stage_timer(stage of);
  ~stage_timer() {
    if (profile_)
      profile_->times_[static_cast<std::size_t>(of_)] += profile_scope::clock::now() - begin_;
  }
  stage_timer(const stage_timer&) = delete;
  stage_timer& operator=(const stage_timer&) = delete;

private:
  profile_scope* profile_;
  stage of_;
  profile_scope::clock::time_point begin_;
};

} // namespace troupe::cpu
