#include "actors/runtime/caf_compat.hpp"
#include "actors/runtime/internal/mail.hpp"

#include <caf/init_global_meta_objects.hpp>
#include <caf/logger.hpp>
#include <mutex>

namespace troupe::runtime {

void register_caf_types() {
  static std::once_flag once;
  std::call_once(once, [] {
    caf::core::init_global_meta_objects();
    caf::init_global_meta_objects<caf::id_block::troupe>();
  });
}

void forget_thread_logger() {
  caf::logger::set_current_actor_system(nullptr);
}

} // namespace troupe::runtime
