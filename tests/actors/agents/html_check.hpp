#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

/// A rough reader of HTML, strict about what report.html promises.
namespace troupe::agents::test {

/// @returns the first thing wrong with `page`: a tag that is not balanced, an unquoted attribute, a bare "<" or "&" in the
///   text, a script, or an address of something else; empty when nothing is.
inline std::string complaint(std::string_view page) {
  constexpr std::array voids{"meta", "!DOCTYPE", "link", "img", "br"};
  std::vector<std::string> open;
  const auto where = [&](std::size_t at) { return std::string{page.substr(at, 60)}; };
  const auto style = std::pair{page.find("<style>"), page.find("</style>")};
  for (std::size_t i = 0; i < page.size(); ++i) {
    const bool in_style = i > style.first + 6 && i < style.second;
    if (page[i] == '&' && !in_style) {
      const auto end = page.find(';', i);
      constexpr std::array known{"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
      if (std::ranges::find(known, page.substr(i, end - i + 1)) == known.end())
        return "bare & at " + where(i);
    }
    if (static_cast<unsigned char>(page[i]) < 0x20 && page[i] != '\n' && page[i] != '\t')
      return "control character at " + where(i);
    if (page[i] != '<' || in_style) continue;
    auto end = i + 1;
    bool quoted = false;
    for (; end < page.size() && (quoted || page[end] != '>'); ++end) {
      if (page[end] == '"') quoted = !quoted;
      if (quoted && page[end] == '<') return "bare < in attribute at " + where(i);
      if (!quoted && page[end] == '=' && page[end + 1] != '"')
        return "unquoted attribute at " + where(i);
    }
    const auto tag = page.substr(i + 1, end - i - 1);
    const bool closing = tag.starts_with('/');
    const std::string name{
        tag.substr(closing ? 1 : 0, tag.find_first_of(" /", closing ? 1 : 0) - (closing ? 1 : 0))};
    if (name.empty() || name == "script" || name == "iframe" || name == "img" || name == "link")
      return "unwanted tag at " + where(i);
    for (const auto* attribute :
         {" src=", " on", " href=\"http", " href=\"//", " href=\"javascript"})
      if (tag.find(attribute) != std::string_view::npos) return "unwanted attribute at " + where(i);
    if (closing) {
      if (open.empty() || open.back() != name) return "closes what is not open at " + where(i);
      open.pop_back();
    } else if (!tag.ends_with('/') && std::ranges::find(voids, name) == voids.end()) {
      open.push_back(name);
    }
    i = end;
  }
  return open.empty() ? "" : "never closed: " + open.back();
}

/// The text without its tags, and with the escapes undone.
inline std::string visible_text(std::string_view page) {
  std::string out;
  for (std::size_t i = 0; i < page.size(); ++i) {
    if (page[i] == '<')
      i = page.find('>', i);
    else
      out += page[i];
  }
  for (const auto& [from, to] :
       {std::pair{"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&#39;", "'"}, {"&amp;", "&"}})
    for (auto at = out.find(from); at != std::string::npos; at = out.find(from, at + 1))
      out.replace(at, std::string_view{from}.size(), to);
  return out;
}

/// Times that `what` occurs.
inline std::size_t times(std::string_view page, std::string_view what) {
  std::size_t count = 0;
  for (auto at = page.find(what); at != std::string_view::npos; at = page.find(what, at + 1))
    ++count;
  return count;
}

} // namespace troupe::agents::test
