#include "kernels/bert/piece_text.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace troupe::bert {
namespace {

// In this order, each over the result of the one before.
constexpr std::array<std::pair<std::string_view, std::string_view>, 11> clean_ups{{
    {" .", "."},
    {" ?", "?"},
    {" !", "!"},
    {" ,", ","},
    {" ' ", "'"},
    {" n't", "n't"},
    {" 'm", "'m"},
    {" do not", " don't"},
    {" 's", "'s"},
    {" 've", "'ve"},
    {" 're", "'re"},
}};

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
    text.replace(at, from.size(), to);
    at += to.size();
  }
}

} // namespace

std::size_t codepoints(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

void piece_joiner::add(std::string_view piece) {
  const bool glued = !first_ && piece.starts_with("##");
  std::string part;
  if (!first_ && !glued) part.push_back(' ');
  part.append(glued ? piece.substr(2) : piece);
  first_ = false;
  // Every clean-up begins with a space.
  if (part.find(' ') != std::string::npos)
    for (const auto& [from, to] : clean_ups)
      replace_all(part, from, to);
  text_ += part;
}

} // namespace troupe::bert
