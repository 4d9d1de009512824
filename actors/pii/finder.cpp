#include "actors/pii/finder.hpp"

#include "actors/agents/pii_rules.hpp"
#include "actors/agents/redaction.hpp"
#include "actors/pii/context_rules.hpp"
#include "actors/pii/defaults.hpp"
#include "actors/pii/line_parts.hpp"
#include "actors/pii/name_gate.hpp"
#include "actors/pii/span_repair.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace troupe::pii {

using agents::pii_source;

finder_stats& finder_stats::operator+=(const finder_stats& other) {
  lines += other.lines;
  bytes += other.bytes;
  spans += other.spans;
  asked_texts += other.asked_texts;
  read_texts += other.read_texts;
  return *this;
}

result<line_finder> line_finder::make(const models& with, const settings& wanted) {
  auto reader = model_reader::make(with, wanted);
  if (!reader) return tl::unexpected(std::move(reader.error()));
  return line_finder{std::move(*reader), wanted};
}

finder_stats line_finder::stats() const {
  auto stats = stats_;
  stats.asked_texts = reader_.texts();
  stats.read_texts = reader_.read_texts();
  return stats;
}

void line_finder::ask_about(std::string_view line, std::size_t number,
                            std::span<const pii_span> settled) {
  for (const auto part : parts_of(line, settled, defaults::part_bytes)) {
    while (!settled.empty() && settled.front().bytes.end <= part.start)
      settled = settled.subspan(1);
    model_text made{line, part, settled};
    if (made.text().empty() || (!wanted_->thorough && !can_hold_names(made.text()))) continue;
    texts_.push_back(made.take_text());
    questions_.push_back({number, std::move(made)});
  }
}

result<void> line_finder::read_questions(std::vector<std::vector<pii_span>>& found) {
  auto answers = reader_.read(texts_);
  if (!answers) return tl::unexpected(std::move(answers.error()));
  for (std::size_t i = 0; i < questions_.size(); ++i)
    for (auto& one : (*answers)[i])
      if (const auto bytes = questions_[i].text.to_line({one.start, one.end});
          bytes.start < bytes.end)
        found[questions_[i].line].push_back(
            {std::move(one.label), bytes, one.score, pii_source::model});
  return {};
}

result<std::vector<std::vector<pii_span>>>
line_finder::find(std::span<const std::string_view> lines, bool after_sign_off) {
  std::vector<std::vector<pii_span>> rules(lines.size());
  std::vector<std::vector<pii_span>> by_model(lines.size());
  questions_.clear();
  texts_.clear();
  for (std::size_t i = 0; i < lines.size(); ++i) {
    // Also what is not wanted is known, so that no model reads it.
    const auto settled = agents::merge_spans(lines[i], agents::find_pii(lines[i]));
    if (reader_.has_models()) ask_about(lines[i], i, settled);
    std::ranges::copy_if(settled, std::back_inserter(rules[i]),
                         [&](const pii_span& span) { return wanted_->wants(span.label); });
    if (wanted_->wants(name_label))
      std::ranges::move(names_by_context(lines[i], after_sign_off), std::back_inserter(rules[i]));
    if (!is_blank_line(lines[i])) after_sign_off = is_sign_off(lines[i]);
    stats_.bytes += lines[i].size() + 1;
  }
  stats_.lines += lines.size();
  if (auto read = read_questions(by_model); !read) return tl::unexpected(std::move(read.error()));
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (rules[i].empty() && by_model[i].empty()) continue;
    rules[i] = settle(lines[i], std::move(rules[i]), std::move(by_model[i]), *wanted_);
    stats_.spans += rules[i].size();
  }
  return rules;
}

std::vector<pii_span> settle(std::string_view line, std::vector<pii_span> rules,
                             std::vector<pii_span> by_model, const settings& wanted) {
  by_model = agents::whole_words(line, std::move(by_model));
  keep_plausible(line, by_model);
  widen_names(line, by_model);
  std::erase_if(by_model, [&](const pii_span& span) { return !wanted.wants(span.label); });
  std::ranges::move(by_model, std::back_inserter(rules));
  auto spans = agents::merge_spans(line, std::move(rules));
  if (wanted.wants("STATE")) add_states(line, spans);
  join_neighbours(line, spans);
  return spans;
}

} // namespace troupe::pii
