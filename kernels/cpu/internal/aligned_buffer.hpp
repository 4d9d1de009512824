#pragma once

#include <cstddef>
#include <cstring>
#include <new>
#include <utility>

namespace troupe::cpu {

/// A zero-filled array of trivial elements on a cache line, owned; moves, does not copy. Throws
/// std::bad_alloc.
template <class Element>
class aligned_buffer {
public:
  static constexpr std::align_val_t alignment{64};

  aligned_buffer() = default;
  explicit aligned_buffer(std::size_t size) : size_{size} {
    if (size == 0) return;
    if (size > static_cast<std::size_t>(-1) / sizeof(Element)) throw std::bad_alloc{};
    data_ = static_cast<Element*>(::operator new(size * sizeof(Element), alignment));
    std::memset(data_, 0, size * sizeof(Element));
  }
  aligned_buffer(aligned_buffer&& other) noexcept
      : data_{std::exchange(other.data_, nullptr)}, size_{std::exchange(other.size_, 0)} {}
  aligned_buffer& operator=(aligned_buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~aligned_buffer() { ::operator delete(data_, alignment); }

  [[nodiscard]] Element* data() { return data_; }
  [[nodiscard]] const Element* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return size_; }

private:
  Element* data_ = nullptr;
  std::size_t size_ = 0;
};

} // namespace troupe::cpu
