#include "actors/workflow/references.hpp"

#include <algorithm>
#include <optional>

namespace troupe::workflow {
namespace {

using mistakes = std::vector<reference_mistake>;

constexpr std::string_view forms = "write ${inputs.NAME}, ${steps.ID}, ${steps.ID.field}, ${item}, "
                                   "${item.field}, ${index} or ${run}";
constexpr std::size_t longest_identifier = 64;

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::vector<std::string> split_at_dots(std::string_view text) {
  std::vector<std::string> names;
  for (std::size_t begin = 0;;) {
    const std::size_t dot = text.find('.', begin);
    names.emplace_back(text.substr(begin, dot - begin));
    if (dot == std::string_view::npos) return names;
    begin = dot + 1;
  }
}

std::optional<reference_root> root_of(std::string_view word) {
  if (word == "inputs") return reference_root::input;
  if (word == "steps") return reference_root::step;
  if (word == "item") return reference_root::item;
  if (word == "index") return reference_root::index;
  if (word == "run") return reference_root::run;
  return std::nullopt;
}

std::string word_of(reference_root root) {
  switch (root) {
  case reference_root::input:
    return "inputs";
  case reference_root::step:
    return "steps";
  case reference_root::item:
    return "item";
  case reference_root::index:
    return "index";
  case reference_root::run:
    return "run";
  }
  return {};
}

bool is_named(reference_root root) {
  return root == reference_root::input || root == reference_root::step;
}

std::string quoted(std::string_view inside) {
  return "'${" + std::string{inside} + "}'";
}

/// What is wrong with a reference of these words; empty when nothing is.
std::string complaint_about(std::string_view inside, const std::vector<std::string>& words) {
  if (!std::all_of(words.begin(), words.end(), is_identifier))
    return "malformed reference " + quoted(inside) + "; " + std::string{forms};
  const auto root = root_of(words[0]);
  if (!root) return "unknown reference " + quoted(inside) + "; " + std::string{forms};
  if (is_named(*root) && words.size() < 2)
    return "reference " + quoted(inside) + " names no " +
           (*root == reference_root::input ? "input" : "step") + "; " + std::string{forms};
  if (*root == reference_root::input && words.size() > 2)
    return "reference " + quoted(inside) +
           " goes into an input, but inputs have no fields; write '${inputs." + words[1] + "}'";
  if (*root == reference_root::index && words.size() > 1)
    return "reference " + quoted(inside) +
           " goes into the index, which is a number; write '${index}'";
  return {};
}

/// The reference between `${` and `}`; a mistake goes to `found`.
std::optional<reference> parse_reference(std::string_view inside, std::size_t offset,
                                         mistakes& found) {
  auto words = split_at_dots(inside);
  if (auto wrong = complaint_about(inside, words); !wrong.empty()) {
    found.push_back({offset, std::move(wrong)});
    return std::nullopt;
  }
  reference made;
  made.root = *root_of(words[0]);
  made.offset = offset;
  std::size_t first_field = 1;
  if (is_named(made.root)) made.name = words[first_field++];
  made.path.assign(words.begin() + static_cast<std::ptrdiff_t>(first_field), words.end());
  return made;
}

} // namespace

bool is_identifier(std::string_view name) {
  return !name.empty() && name.size() <= longest_identifier && is_letter(name[0]) &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return is_letter(c) || is_digit(c) || c == '-'; });
}

std::string reference::to_string() const {
  std::string text = word_of(root);
  if (!name.empty()) text += '.' + name;
  for (const std::string& field : path)
    text += '.' + field;
  return text;
}

const reference* text_template::whole() const {
  return parts.size() == 1 ? std::get_if<reference>(parts.data()) : nullptr;
}

bool text_template::has_references() const {
  return std::any_of(parts.begin(), parts.end(),
                     [](const auto& part) { return std::holds_alternative<reference>(part); });
}

std::string text_template::literal() const {
  std::string text;
  for (const auto& part : parts)
    if (const auto* piece = std::get_if<std::string>(&part)) text += *piece;
  return text;
}

tl::expected<text_template, mistakes> parse_text(std::string_view text) {
  text_template made;
  mistakes found;
  std::string literal;
  const auto end_literal = [&] {
    if (!literal.empty()) made.parts.emplace_back(std::move(literal));
    literal.clear();
  };
  for (std::size_t at = 0; at < text.size();) {
    if (text.substr(at, 3) == "$${") {
      literal += "${";
      at += 3;
    } else if (text.substr(at, 2) == "${") {
      const std::size_t close = text.find('}', at);
      if (close == std::string_view::npos) {
        found.push_back(
            {at, "reference without its closing '}'; for the characters themselves write $${"});
        break;
      }
      end_literal();
      if (auto parsed = parse_reference(text.substr(at + 2, close - at - 2), at, found))
        made.parts.emplace_back(std::move(*parsed));
      at = close + 1;
    } else {
      literal += text[at++];
    }
  }
  end_literal();
  if (!found.empty()) return tl::unexpected(std::move(found));
  return made;
}

} // namespace troupe::workflow
