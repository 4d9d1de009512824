// The part of metrics.hpp that reads entities out of tags.
#include "kernels/bert/errors.hpp"
#include "kernels/bert/metrics.hpp"

#include <algorithm>
#include <array>

namespace troupe::bert {
namespace {

constexpr std::array<std::string_view, 3> scheme_names{"iob2", "iob1", "iobes"};

/// A tag taken apart; the type of "O" and of a bare prefix is "_", as seqeval has it.
struct tag {
  char prefix = 'O';
  std::string_view type = "_";
};

std::optional<tag> read_tag(std::string_view text, std::string_view prefixes) {
  if (text.empty() || prefixes.find(text[0]) == std::string_view::npos) return std::nullopt;
  if (text.size() == 1) return tag{text[0]};
  if (text[0] == 'O' || text.size() == 2 || text[1] != '-') return std::nullopt;
  return tag{text[0], text.substr(2)};
}

result<tag> parse_tag(const tag_sequence& tags, std::size_t word, std::string_view prefixes) {
  const std::string_view text = tags[word];
  if (const auto read = read_tag(text, prefixes)) return *read;
  return fail(bert_errc::bad_tags, "word " + std::to_string(word + 1) + " has the tag \"" +
                                       std::string{text.substr(0, 60)} +
                                       "\"; a tag is O, or one of " + std::string{prefixes} +
                                       " with - and a type");
}

result<std::vector<tag>> parse_tags(const tag_sequence& tags, std::string_view prefixes) {
  std::vector<tag> parsed;
  parsed.reserve(tags.size());
  for (std::size_t word = 0; word < tags.size(); ++word) {
    auto one = parse_tag(tags, word, prefixes);
    if (!one) return tl::unexpected(std::move(one.error()));
    parsed.push_back(*one);
  }
  return parsed;
}

bool any_of(char prefix, std::string_view prefixes) {
  return prefixes.find(prefix) != std::string_view::npos;
}

/// Whether an entity that `previous` belongs to ends before `next`.
bool ends_before(const tag& previous, const tag& next) {
  if (previous.prefix == 'O') return false;
  return any_of(previous.prefix, "ES") || any_of(next.prefix, "BSO") || previous.type != next.type;
}

/// Whether `next` begins an entity behind `previous`.
bool begins_after(const tag& previous, const tag& next) {
  if (next.prefix == 'O') return false;
  return any_of(next.prefix, "BS") || any_of(previous.prefix, "ESO") || previous.type != next.type;
}

/// A rule of a scheme about two neighbouring tags.
enum class types { any, same, different };
struct rule {
  std::string_view previous, next;
  types wanted;
};

struct scheme_rules {
  std::string_view prefixes;
  std::span<const rule> starts, insides, ends;
};

// Source: the pattern tables of seqeval's schemes.
constexpr std::string_view every = "BIESO";
constexpr rule iob2_starts[] = {{every, "B", types::any}};
constexpr rule iob2_insides[] = {{"BI", "I", types::same}};
constexpr rule iob2_ends[] = {{"BI", "OB", types::any}, {"BI", "I", types::different}};
constexpr rule iob1_starts[] = {
    {"OB", "I", types::any}, {"I", "I", types::different}, {"BI", "B", types::same}};
constexpr rule iob1_ends[] = {{"BI", "O", types::any},
                              {"BI", "I", types::different},
                              {"I", "B", types::any},
                              {"B", "B", types::same}};
constexpr rule iobes_starts[] = {{every, "BS", types::any}};
constexpr rule iobes_insides[] = {{"BI", "IE", types::same}};
constexpr rule iobes_ends[] = {{"SE", every, types::any}};

const scheme_rules& rules_of(tag_scheme scheme) {
  static constexpr scheme_rules all[] = {
      {"BIO", iob2_starts, iob2_insides, iob2_ends},
      {"BIO", iob1_starts, iob2_insides, iob1_ends},
      {"BIESO", iobes_starts, iobes_insides, iobes_ends},
  };
  return all[static_cast<std::size_t>(scheme)];
}

bool holds(std::span<const rule> rules, const tag& previous, const tag& next) {
  return std::any_of(rules.begin(), rules.end(), [&](const rule& one) {
    return any_of(previous.prefix, one.previous) && any_of(next.prefix, one.next) &&
           (one.wanted == types::any ||
            (one.wanted == types::same) == (previous.type == next.type));
  });
}

} // namespace

bool is_tag(std::string_view text) {
  return read_tag(text, every).has_value();
}

result<tag_scheme> parse_tag_scheme(std::string_view name) {
  const auto* at = std::find(scheme_names.begin(), scheme_names.end(), name);
  if (at != scheme_names.end()) return static_cast<tag_scheme>(at - scheme_names.begin());
  return fail(bert_errc::bad_options,
              "unknown tag scheme '" + std::string{name} + "'; there are iob2, iob1, iobes");
}

std::string_view to_string(tag_scheme scheme) {
  return scheme_names[static_cast<std::size_t>(scheme)];
}

result<std::vector<tagged_entity>> lenient_entities(const tag_sequence& tags) {
  auto parsed = parse_tags(tags, every);
  if (!parsed) return tl::unexpected(std::move(parsed.error()));
  parsed->push_back({});
  std::vector<tagged_entity> found;
  std::size_t first = 0;
  tag previous;
  for (std::size_t word = 0; word < parsed->size(); ++word) {
    const tag& next = (*parsed)[word];
    if (ends_before(previous, next)) found.push_back({std::string{previous.type}, first, word - 1});
    if (begins_after(previous, next)) first = word;
    previous = next;
  }
  return found;
}

result<std::vector<tagged_entity>> strict_entities(const tag_sequence& tags, tag_scheme scheme) {
  const scheme_rules& rules = rules_of(scheme);
  auto parsed = parse_tags(tags, rules.prefixes);
  if (!parsed) return tl::unexpected(std::move(parsed.error()));
  parsed->push_back({});
  std::vector<tagged_entity> found;
  tag previous;
  for (std::size_t word = 0; word < tags.size();) {
    const tag& start = (*parsed)[word];
    std::size_t next = word + 1;
    if (holds(rules.starts, previous, start)) {
      while (next < tags.size() && holds(rules.insides, (*parsed)[next - 1], (*parsed)[next]))
        ++next;
      if (holds(rules.ends, (*parsed)[next - 1], (*parsed)[next]))
        found.push_back({std::string{start.type}, word, next - 1});
    }
    previous = (*parsed)[next - 1];
    word = next;
  }
  return found;
}

} // namespace troupe::bert
