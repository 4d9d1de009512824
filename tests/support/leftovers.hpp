#pragma once

#include "tests/support/files.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <malloc.h>
#include <sstream>
#include <thread>
#include <unistd.h>

namespace troupe::test {

// A sanitizer keeps freed memory back and looks for leaks itself, so sizes of memory say nothing there; it is also slow.
#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||                               \
    __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif

inline std::size_t entries(const char* folder) {
  const std::filesystem::directory_iterator all{folder};
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

/// Bytes of this process in memory, after the allocator gave back what it could.
inline std::size_t resident_bytes() {
  malloc_trim(0);
  std::istringstream pages{read_file("/proc/self/statm")};
  std::size_t size = 0, resident = 0;
  pages >> size >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

/// What a process has.
struct footprint {
  std::size_t resident = resident_bytes();
  /// Bytes that were allocated and not freed.
  std::size_t heap = mallinfo2().uordblks;
  std::size_t descriptors = entries("/proc/self/fd");
  std::size_t threads = entries("/proc/self/task");
};

/// A joined thread may stay listed for a moment after `join` returned; nothing tells when it goes.
inline void await_threads(std::size_t most) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  while (entries("/proc/self/task") > most && std::chrono::steady_clock::now() < until)
    std::this_thread::yield();
  const auto left = entries("/proc/self/task");
  BOOST_TEST(left <= most, "threads stay behind: " << left << " instead of " << most);
}

/// Runs `cycle(number)` some times to warm up (arenas, tables made once), then `times` more, and compares.
/// @param heap_bound, resident_bound growth in bytes that is still taken for noise; not looked at under a sanitizer.
template <class F>
void leaves_nothing(int warm_up, int times, std::size_t heap_bound, std::size_t resident_bound,
                    F cycle) {
  for (int i = 0; i < warm_up; ++i)
    cycle(i);
  const footprint before;
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < times; ++i)
    cycle(i);
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - began;
  await_threads(before.threads);
  const footprint after;
  BOOST_TEST_MESSAGE(times << " cycles of " << took.count() / times << " ms; heap " << before.heap
                           << " -> " << after.heap << " bytes, resident " << before.resident
                           << " -> " << after.resident << " bytes, threads " << after.threads
                           << ", descriptors " << after.descriptors);
  BOOST_TEST(after.descriptors == before.descriptors);
  if (sanitized) return;
  BOOST_TEST(after.heap <= before.heap + heap_bound);
  BOOST_TEST(after.resident <= before.resident + resident_bound);
}

} // namespace troupe::test
