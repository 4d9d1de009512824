#include "actors/scheduling/json_place.hpp"

#include <cmath>
#include <fmt/format.h>

namespace troupe::scheduling {

using nlohmann::json;

json_place json_place::below(const json* value, part step) const {
  json_place next = *this;
  next.value_ = value;
  if (depth_ < way_.size()) next.way_[next.depth_++] = step;
  return next;
}

json_place json_place::member(std::string_view key) const {
  const json* found = nullptr;
  if (value_ != nullptr && value_->is_object())
    if (const auto at = value_->find(key); at != value_->end()) found = &*at;
  return below(found, {key, 0});
}

json_place json_place::element(std::size_t index) const {
  return below(&(*value_)[index], {{}, index});
}

result<std::string> json_place::text() const {
  if (!present() || !value_->is_string()) return wanted("a text");
  return value_->get_ref<const std::string&>();
}

result<double> json_place::number() const {
  if (!present() || !value_->is_number()) return wanted("a number");
  return value_->get<double>();
}

result<std::uint64_t> json_place::whole(std::uint64_t most) const {
  const auto what = [&] { return fmt::format("a whole number from 0 to {}", most); };
  if (!present() || !value_->is_number()) return wanted(what());
  if (value_->is_number_unsigned()) {
    const auto value = value_->get<std::uint64_t>();
    return value <= most ? result<std::uint64_t>{value} : wanted(what());
  }
  const double value = value_->get<double>();
  // Beyond 2^53 a number with a point is no exact whole number any more.
  if (!(value >= 0 && value <= 0x1p53) || value != std::floor(value) ||
      static_cast<std::uint64_t>(value) > most)
    return wanted(what());
  return static_cast<std::uint64_t>(value);
}

result<std::size_t> json_place::array_size() const {
  if (!present() || !value_->is_array()) return wanted("a list");
  return value_->size();
}

result<std::size_t> json_place::array_size_or_none() const {
  return present() ? array_size() : result<std::size_t>{0};
}

result<void> json_place::object() const {
  if (!present() || !value_->is_object()) return wanted("an object");
  return {};
}

tl::unexpected<error> json_place::wanted(std::string_view what) const {
  if (!present()) return fail_here(fmt::format("is missing; it must be {}", what));
  // What stands there may be long, or no text.
  std::string shown = value_->is_structured()
                          ? std::string{value_->type_name()}
                          : value_->dump(-1, ' ', true, json::error_handler_t::replace);
  constexpr std::size_t most_shown = 40;
  if (shown.size() > most_shown) shown = shown.substr(0, most_shown) + "...";
  return fail_here(fmt::format("is {}; it must be {}", shown, what));
}

tl::unexpected<error> json_place::fail_here(std::string_view what) const {
  return fail(code_, fmt::format("{}: {} {}", file_, path(), what));
}

std::string json_place::path() const {
  std::string text;
  for (std::size_t i = 0; i < depth_; ++i) {
    if (way_[i].key.data() == nullptr) {
      text += fmt::format("[{}]", way_[i].index);
    } else {
      if (!text.empty()) text += '.';
      text += way_[i].key;
    }
  }
  return text.empty() ? "the file" : text;
}

} // namespace troupe::scheduling
