#include "actors/runtime/internal/recycled.hpp"

#include <array>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

namespace troupe::runtime {
namespace {

// A sanitizer sees what is used after it was let go only where it is let go.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool recycles = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool recycles = false;
#else
constexpr bool recycles = true;
#endif
#else
constexpr bool recycles = true;
#endif

/// Blocks that change hands at once.
constexpr std::size_t batch_blocks = 32;
/// Of these, how many the process keeps: 8 MiB.
constexpr std::size_t kept_batches = 256;

using batch = std::array<void*, batch_blocks>;

void free_blocks(void* const* blocks, std::size_t count) {
  for (std::size_t index = 0; index < count; ++index)
    ::operator delete(blocks[index]);
}

/// What threads hand on to each other.
class exchange {
public:
  /// @returns false where it has none.
  [[nodiscard]] bool take(batch& into) {
    const std::lock_guard lock{mutex_};
    if (full_.empty()) return false;
    into = full_.back();
    full_.pop_back();
    return true;
  }
  void put(const batch& filled) noexcept {
    {
      const std::lock_guard lock{mutex_};
      if (full_.size() < kept_batches) {
        full_.push_back(filled); // within what was reserved
        return;
      }
    }
    free_blocks(filled.data(), filled.size());
  }
  /// Lives as long as the process: threads may end after everything else has.
  [[nodiscard]] static exchange& of_all() {
    static auto* const made = new exchange;
    return *made;
  }

private:
  exchange() { full_.reserve(kept_batches); }

  std::mutex mutex_;
  std::vector<batch> full_;
};

/// What a thread keeps: up to two batches, so that one block more or less does not move a batch each time.
struct thread_blocks {
  std::array<void*, 2 * batch_blocks> blocks;
  std::size_t count = 0;
  ~thread_blocks();
};

thread_local thread_blocks kept_here;
/// Looked at by what the thread lets go of at its very end.
thread_local bool thread_ends = false;

thread_blocks::~thread_blocks() {
  thread_ends = true;
  free_blocks(blocks.data(), count);
}

bool is_recycled(std::size_t bytes) {
  return recycles && bytes <= recycled_memory::block_bytes && !thread_ends;
}

} // namespace

void* recycled_memory::take(std::size_t bytes) {
  if (!recycles || bytes > block_bytes) return ::operator new(bytes);
  if (thread_ends) return ::operator new(block_bytes);
  auto& here = kept_here;
  if (here.count == 0) {
    batch filled;
    if (!exchange::of_all().take(filled)) return ::operator new(block_bytes);
    for (void* each : filled)
      here.blocks[here.count++] = each;
  }
  return here.blocks[--here.count];
}

void recycled_memory::give_back(void* block, std::size_t bytes) noexcept {
  if (!is_recycled(bytes)) return ::operator delete(block);
  auto& here = kept_here;
  if (here.count == here.blocks.size()) {
    batch moved;
    for (void*& each : moved)
      each = here.blocks[--here.count];
    exchange::of_all().put(moved);
  }
  here.blocks[here.count++] = block;
}

} // namespace troupe::runtime
