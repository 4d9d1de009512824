#include "kernels/text/special_tokens.hpp"

#include <algorithm>

namespace troupe::text {

special_tokens::special_tokens(std::vector<std::pair<std::string, std::int32_t>> tokens)
    : longest_first_{std::move(tokens)} {
  std::erase_if(longest_first_, [](const auto& token) { return token.first.empty(); });
  std::stable_sort(longest_first_.begin(), longest_first_.end(),
                   [](const auto& a, const auto& b) { return a.first.size() > b.first.size(); });
  for (const auto& [text, id] : longest_first_) {
    bool& begins = begins_[static_cast<unsigned char>(text.front())];
    if (!begins) first_bytes_ += text.front();
    begins = true;
  }
}

std::optional<special_tokens::match> special_tokens::find(std::string_view text,
                                                          std::size_t from) const noexcept {
  // One first byte, the usual case, is looked for by memchr. Several are not by several memchr: one that does not occur
  // would be looked for to the end again and again.
  const auto candidate = [&](std::size_t at) {
    if (first_bytes_.size() == 1) return text.find(first_bytes_.front(), at);
    while (at < text.size() && !begins_[static_cast<unsigned char>(text[at])])
      ++at;
    return at < text.size() ? at : text.npos;
  };
  for (std::size_t at = candidate(from); at != text.npos; at = candidate(at + 1)) {
    for (const auto& [token, id] : longest_first_) {
      if (text.substr(at).starts_with(token)) return match{at, at + token.size(), id};
    }
  }
  return std::nullopt;
}

bool special_tokens::span(std::string_view text, std::size_t at) const noexcept {
  const auto covers = [&](const std::string& token) {
    for (std::size_t back = 1; back < token.size() && back <= at; ++back) {
      const auto there = text.substr(at - back, token.size());
      if (std::string_view{token}.starts_with(there)) return true;
    }
    return false;
  };
  return std::any_of(longest_first_.begin(), longest_first_.end(),
                     [&](const auto& token) { return covers(token.first); });
}

} // namespace troupe::text
