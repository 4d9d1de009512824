#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::workflow {

/// Serialised events one behind the other in one buffer, each behind its length, so that a short event has no block of
/// memory of its own. An event is less than 4 GiB; Protobuf's messages are less than 2.
class event_list {
  using length = std::uint32_t;

public:
  class iterator {
  public:
    using value_type = std::string_view;
    using difference_type = std::ptrdiff_t;
    using reference = std::string_view;
    using pointer = void;
    using iterator_category = std::input_iterator_tag;

    iterator() = default;
    [[nodiscard]] std::string_view operator*() const { return {at_ + sizeof(length), size()}; }
    iterator& operator++() { return at_ += sizeof(length) + size(), *this; }
    iterator operator++(int) {
      const iterator before = *this;
      ++*this;
      return before;
    }
    bool operator==(const iterator& other) const = default;

  private:
    friend event_list;
    explicit iterator(const char* at) : at_(at) {}
    [[nodiscard]] std::size_t size() const {
      length made = 0;
      std::memcpy(&made, at_, sizeof made);
      return made;
    }

    const char* at_ = nullptr;
  };

  event_list() = default;
  event_list(std::initializer_list<std::string_view> events) { assign(events); }
  event_list(const std::vector<std::string>& events) { assign(events); }
  event_list(const event_list&) = default;
  event_list& operator=(const event_list&) = default;
  event_list(event_list&& other) noexcept
      : bytes_(std::move(other.bytes_)), size_(std::exchange(other.size_, 0)) {
    other.bytes_.clear();
  }
  event_list& operator=(event_list&& other) noexcept {
    bytes_ = std::move(other.bytes_);
    size_ = std::exchange(other.size_, 0);
    other.bytes_.clear();
    return *this;
  }
  ~event_list() = default;

  void push_back(std::string_view event) {
    add([&](std::string& bytes) { bytes += event; });
  }
  /// Adds what `write` appends to the string that it is given.
  template <class Write>
  void add(Write&& write) {
    // Mostly a step begins or ends, or both.
    if (bytes_.empty()) bytes_.reserve(usual_bytes);
    const std::size_t length_at = bytes_.size();
    bytes_.append(sizeof(length), '\0');
    std::forward<Write>(write)(bytes_);
    const std::size_t written = bytes_.size() - length_at - sizeof(length);
    assert(written <= std::numeric_limits<length>::max());
    const auto size = static_cast<length>(written);
    std::memcpy(bytes_.data() + length_at, &size, sizeof size);
    ++size_;
  }

  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t size() const { return size_; }
  /// Of all events together.
  [[nodiscard]] std::size_t size_bytes() const { return bytes_.size() - size_ * sizeof(length); }
  [[nodiscard]] std::vector<std::string> copies() const { return {begin(), end()}; }
  /// What an iterator gives is valid until the list is changed or moved.
  [[nodiscard]] iterator begin() const { return iterator{bytes_.data()}; }
  [[nodiscard]] iterator end() const { return iterator{bytes_.data() + bytes_.size()}; }

private:
  static constexpr std::size_t usual_bytes = 240;

  template <class Events>
  void assign(const Events& events) {
    for (const auto& each : events)
      push_back(each);
  }

  std::string bytes_;
  std::size_t size_ = 0;
};

} // namespace troupe::workflow
