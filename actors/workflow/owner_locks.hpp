#pragma once

#include "kernels/result.hpp"

#include <filesystem>

namespace troupe::workflow {

/// Locked bytes of a file that tell which owners of a store are alive: the kernel frees an owner's
/// byte when the last of its process is gone, however it ended. Byte locks of open file
/// descriptions, so two owners in one process differ too.
class owner_locks {
public:
  [[nodiscard]] static result<owner_locks> open(const std::filesystem::path& file);
  owner_locks(owner_locks&& other) noexcept;
  owner_locks& operator=(owner_locks&&) = delete;
  ~owner_locks();

  /// Locks byte `slot` for as long as this object lives. @returns false when another has it.
  [[nodiscard]] bool try_lock(std::int64_t slot);
  /// Whether another holds byte `slot`; true where the system cannot tell.
  [[nodiscard]] bool is_locked(std::int64_t slot) const;
  /// Whether another holds any byte; true where the system cannot tell.
  [[nodiscard]] bool is_any_locked() const;

private:
  explicit owner_locks(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

} // namespace troupe::workflow
