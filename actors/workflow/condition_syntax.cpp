#include "actors/workflow/condition_syntax.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <optional>
#include <utility>

namespace troupe::workflow {
namespace {

using parsed = tl::expected<condition_syntax, reference_mistake>;

constexpr std::string_view values = "write a reference (${...}), a number, a 'text', true or false";

constexpr std::array<std::pair<std::string_view, comparison>, 6> comparisons{
    {{"==", comparison::equal},
     {"!=", comparison::not_equal},
     {"<=", comparison::less_equal},
     {">=", comparison::greater_equal},
     {"<", comparison::less},
     {">", comparison::greater}}};

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || is_digit(c);
}

/// Recursive descent; parentheses and `not` are what recurses, and are counted.
class condition_parser {
public:
  explicit condition_parser(std::string_view text) : text_(text) {}

  parsed parse() {
    skip_space();
    if (done()) return wrong("the condition is empty; write one, or leave 'when' out");
    auto made = disjunction();
    if (!made || done()) return made;
    if (peek() == ')') return wrong("this ')' closes nothing; remove it, or add its '('");
    return wrong(
        fmt::format("'{}' is not expected here; join conditions with 'and' or 'or'", next_piece()));
  }

private:
  parsed disjunction() {
    return joined(condition_syntax::kind::any, "or", "||", [this] { return conjunction(); });
  }
  parsed conjunction() {
    return joined(condition_syntax::kind::all, "and", "&&", [this] { return negation(); });
  }

  template <class Part>
  parsed joined(condition_syntax::kind what, std::string_view word, std::string_view sign,
                const Part& part) {
    auto first = part();
    if (!first) return first;
    condition_syntax made;
    made.what = what;
    for (std::size_t at = at_; take_word(word) || take_sign(sign); at = at_) {
      made.offset = at;
      auto next = part();
      if (!next) return next;
      made.parts.push_back(std::move(*next));
    }
    if (made.parts.empty()) return first;
    made.parts.insert(made.parts.begin(), std::move(*first));
    return made;
  }

  parsed negation() {
    const std::size_t at = at_;
    if (!take_word("not") && !take_not_sign()) return comparing();
    return nested(at, [&]() -> parsed {
      auto part = negation();
      if (!part) return part;
      condition_syntax made;
      made.what = condition_syntax::kind::negation;
      made.offset = at;
      made.parts.push_back(std::move(*part));
      return made;
    });
  }

  parsed comparing() {
    auto left = operand();
    if (!left) return left;
    const std::size_t at = at_;
    const auto how = take_comparison();
    if (!how) return single_sign() ? wrong("'=' compares nothing; write '=='") : std::move(left);
    auto right = operand();
    if (!right) return right;
    const std::size_t after = at_;
    if (take_comparison())
      return wrong("comparisons do not chain; write A < B and B < C, or use parentheses", after);
    condition_syntax made;
    made.what = condition_syntax::kind::comparison;
    made.how = *how;
    made.offset = at;
    made.parts.push_back(std::move(*left));
    made.parts.push_back(std::move(*right));
    return made;
  }

  parsed operand() {
    if (done())
      return wrong(fmt::format("the condition ends where a value is missing; {}", values));
    const char c = peek();
    if (c == '(') return parenthesised();
    if (text_.substr(at_, 2) == "${") return referring();
    if (c == '\'') return quoted();
    if (is_digit(c) || c == '-' || c == '.') return number();
    return word();
  }

  parsed parenthesised() {
    const std::size_t opened = at_++;
    skip_space();
    return nested(opened, [&]() -> parsed {
      auto inner = disjunction();
      if (!inner) return inner;
      if (!take_sign(")"))
        return done() ? wrong("this '(' is not closed; add ')'", opened)
                      : wrong(fmt::format("'{}' is not expected here; close the '(' with ')', or "
                                          "join conditions with 'and' or 'or'",
                                          next_piece()));
      return inner;
    });
  }

  template <class Inner>
  parsed nested(std::size_t at, const Inner& inner) {
    if (++depth_ > condition_limits::depth)
      return wrong(fmt::format("nested deeper than {} levels; simplify the condition",
                               condition_limits::depth),
                   at);
    auto made = inner();
    --depth_;
    return made;
  }

  parsed referring() {
    const std::size_t close = text_.find('}', at_);
    if (close == std::string_view::npos) return wrong("reference without its closing '}'; add it");
    auto cut = parse_text(text_.substr(at_, close - at_ + 1));
    if (!cut) return wrong(std::move(cut.error().front().message));
    condition_syntax made = leaf(condition_syntax::kind::reference);
    made.from = *cut->whole();
    made.from.offset = at_;
    at_ = close + 1;
    skip_space();
    return made;
  }

  /// Two quotes stand for one, as in YAML.
  parsed quoted() {
    condition_syntax made = leaf(condition_syntax::kind::literal);
    std::string text;
    for (std::size_t at = at_ + 1;; ++at) {
      if (at >= text_.size())
        return wrong("text without its closing quote; add ' (a quote inside it is written '')");
      if (text_[at] == '\'') {
        if (text_.substr(at, 2) != "''") {
          at_ = at + 1;
          break;
        }
        ++at;
      }
      text += text_[at];
    }
    made.literal = std::move(text);
    skip_space();
    return made;
  }

  parsed number() {
    std::size_t end = at_ + 1;
    while (end < text_.size() &&
           (is_word(text_[end]) || text_[end] == '.' ||
            ((text_[end] == '+' || text_[end] == '-') && (text_[end - 1] | 0x20) == 'e')))
      ++end;
    const std::string_view word = text_.substr(at_, end - at_);
    condition_syntax made = leaf(condition_syntax::kind::literal);
    if (const auto whole = number_of<std::int64_t>(word))
      made.literal = *whole;
    else if (const auto real = number_of<double>(word);
             real && std::isfinite(*real) && word.find_first_of(".eE") != std::string_view::npos)
      made.literal = *real;
    else
      return wrong(fmt::format("'{}' is no number that a condition takes; write e.g. 12, -3 or "
                               "1.5, whole numbers within 64 bits",
                               word.substr(0, 40)));
    at_ = end;
    skip_space();
    return made;
  }

  template <class Number>
  static std::optional<Number> number_of(std::string_view word) {
    Number made{};
    const auto [end, code] = std::from_chars(word.data(), word.data() + word.size(), made);
    if (code != std::errc{} || end != word.data() + word.size()) return std::nullopt;
    return made;
  }

  parsed word() {
    condition_syntax made = leaf(condition_syntax::kind::literal);
    if (take_word("true")) return made.literal = true, made;
    if (take_word("false")) return made.literal = false, made;
    if (peek() == '"') return wrong("texts stand in single quotes here; write 'text'");
    return wrong(fmt::format("'{}' is no value; {}", next_piece(), values));
  }

  [[nodiscard]] condition_syntax leaf(condition_syntax::kind what) const {
    condition_syntax made;
    made.what = what;
    made.offset = at_;
    return made;
  }

  bool take_word(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    const std::size_t end = at_ + word.size();
    if (end < text_.size() && is_word(text_[end])) return false;
    at_ = end;
    skip_space();
    return true;
  }
  bool take_sign(std::string_view sign) {
    if (!text_.substr(at_).starts_with(sign)) return false;
    at_ += sign.size();
    skip_space();
    return true;
  }
  bool take_not_sign() { return text_.substr(at_, 2) != "!=" && take_sign("!"); }
  std::optional<comparison> take_comparison() {
    for (const auto& [sign, how] : comparisons)
      if (take_sign(sign)) return how;
    return std::nullopt;
  }
  [[nodiscard]] bool single_sign() const { return !done() && peek() == '='; }

  /// The word or the character that stands here, for messages.
  [[nodiscard]] std::string next_piece() const {
    std::size_t end = at_;
    while (end < text_.size() && is_word(text_[end]) && end - at_ < 40)
      ++end;
    // A character of several bytes stays whole.
    if (end == at_) do
        ++end;
      while (end < text_.size() && (static_cast<unsigned char>(text_[end]) & 0xC0) == 0x80);
    return std::string{text_.substr(at_, end - at_)};
  }

  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_]))
      ++at_;
  }
  [[nodiscard]] bool done() const { return at_ >= text_.size(); }
  [[nodiscard]] char peek() const { return text_[at_]; }
  [[nodiscard]] parsed wrong(std::string message) const { return wrong(std::move(message), at_); }
  [[nodiscard]] static parsed wrong(std::string message, std::size_t at) {
    return tl::unexpected(reference_mistake{at, std::move(message)});
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
};

} // namespace

parsed parse_condition(std::string_view text) {
  if (text.size() > condition_limits::size_bytes)
    return tl::unexpected(reference_mistake{
        0, fmt::format("the condition has {} bytes, it may have {}; let a step work it out and "
                       "refer to its reply",
                       text.size(), condition_limits::size_bytes)});
  return condition_parser{text}.parse();
}

} // namespace troupe::workflow
