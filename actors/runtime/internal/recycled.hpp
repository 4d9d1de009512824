#pragma once

#include <cstddef>
#include <memory>

namespace troupe::runtime {

/// Memory for objects that one thread makes and another lets go, over and over. malloc gives such memory back to the thread
/// it came from, under a lock that both then wait for; here each thread keeps some blocks and hands them on by the dozen.
/// Any thread.
class recycled_memory {
public:
  /// What is larger comes from malloc.
  static constexpr std::size_t block_bytes = 1'024;

  [[nodiscard]] static void* take(std::size_t bytes);
  static void give_back(void* block, std::size_t bytes) noexcept;
};

/// For `std::allocate_shared`.
template <class T>
struct recycling_allocator {
  using value_type = T;

  recycling_allocator() = default;
  template <class Other>
  recycling_allocator(const recycling_allocator<Other>&) {} // NOLINT(google-explicit-constructor)

  [[nodiscard]] T* allocate(std::size_t count) {
    static_assert(alignof(T) <= alignof(std::max_align_t));
    return static_cast<T*>(recycled_memory::take(count * sizeof(T)));
  }
  void deallocate(T* block, std::size_t count) noexcept {
    recycled_memory::give_back(block, count * sizeof(T));
  }
  friend bool operator==(const recycling_allocator&, const recycling_allocator&) { return true; }
};

} // namespace troupe::runtime
