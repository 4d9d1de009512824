#include "kernels/cpu/profile.hpp"

namespace troupe::cpu {
namespace {

thread_local profile_scope* current_profile = nullptr;

} // namespace

const char* to_string(stage of) {
  static constexpr std::array<const char*, stage_count> names{
      "embedding",     "qkv_product",     "attention_output_product", "up_product", "down_product",
      "linear_ending", "residual_ending", "activation_ending",        "attention",  "quantization",
      "norm",          "classifier"};
  return names[static_cast<std::size_t>(of)];
}

profile_scope::profile_scope() {
  current_profile = this;
}
profile_scope::~profile_scope() {
  current_profile = nullptr;
}

stage_timer::stage_timer(stage of) : profile_{current_profile}, of_{of} {
  if (profile_) begin_ = profile_scope::clock::now();
}

} // namespace troupe::cpu
