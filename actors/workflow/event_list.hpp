#pragma once

#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::workflow {

/// Serialised events one behind the other in one buffer, so that a short event has no block of memory of its own.
class event_list {
public:
  class iterator {
  public:
    using value_type = std::string_view;
    using difference_type = std::ptrdiff_t;
    using reference = std::string_view;
    using pointer = void;
    using iterator_category = std::input_iterator_tag;

    iterator() = default;
    iterator(const event_list& of, std::size_t at) : of_(&of), at_(at) {}
    [[nodiscard]] std::string_view operator*() const { return (*of_)[at_]; }
    iterator& operator++() { return ++at_, *this; }
    iterator operator++(int) { return {*of_, at_++}; }
    bool operator==(const iterator& other) const { return at_ == other.at_; }

  private:
    const event_list* of_ = nullptr;
    std::size_t at_ = 0;
  };

  event_list() = default;
  event_list(std::initializer_list<std::string_view> events) { assign(events); }
  event_list(const std::vector<std::string>& events) { assign(events); }

  void push_back(std::string_view event) {
    bytes_ += event;
    ends_.push_back(bytes_.size());
  }
  /// Adds what `write` appends to the string that it is given.
  template <class Write>
  void add(Write&& write) {
    write(bytes_);
    ends_.push_back(bytes_.size());
  }

  [[nodiscard]] bool empty() const { return ends_.empty(); }
  [[nodiscard]] std::size_t size() const { return ends_.size(); }
  /// Of all events together.
  [[nodiscard]] std::size_t size_bytes() const { return bytes_.size(); }
  /// Valid until the list is changed or moved.
  [[nodiscard]] std::string_view operator[](std::size_t at) const {
    const std::size_t begin = at == 0 ? 0 : ends_[at - 1];
    return std::string_view{bytes_}.substr(begin, ends_[at] - begin);
  }
  [[nodiscard]] std::vector<std::string> copies() const {
    std::vector<std::string> made;
    made.reserve(size());
    for (const std::string_view each : *this)
      made.emplace_back(each);
    return made;
  }
  [[nodiscard]] iterator begin() const { return {*this, 0}; }
  [[nodiscard]] iterator end() const { return {*this, size()}; }

private:
  template <class Events>
  void assign(const Events& events) {
    for (const auto& each : events)
      push_back(each);
  }

  std::string bytes_;
  std::vector<std::size_t> ends_;
};

} // namespace troupe::workflow
