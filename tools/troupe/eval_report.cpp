#include "tools/troupe/eval_report.hpp"

#include <nlohmann/json.hpp>
#include <set>
#include <utility>

namespace troupe::cli {

namespace {

using nlohmann::ordered_json;

/// The tags that occur, by type and B- before I-, "O" last: the order in which people read them.
std::vector<std::string> tags_in_order(const std::vector<bert::tag_sequence>& truth,
                                       const std::vector<bert::tag_sequence>& predicted) {
  std::set<std::pair<std::string, char>> seen;
  bool outside = false;
  for (const auto* sentences : {&truth, &predicted})
    for (const auto& tags : *sentences)
      for (const auto& tag : tags) {
        outside |= tag == "O";
        if (tag != "O") seen.emplace(tag.substr(1), tag[0]);
      }
  std::vector<std::string> ordered;
  ordered.reserve(seen.size() + 1);
  for (const auto& [type, prefix] : seen)
    ordered.push_back(prefix + type);
  if (outside) ordered.emplace_back("O");
  return ordered;
}

ordered_json to_json(const bert::score& of) {
  return {{"precision", of.precision},
          {"recall", of.recall},
          {"f1-score", of.f1},
          {"support", of.support}};
}

} // namespace

result<eval_report> make_eval_report(const std::vector<bert::tag_sequence>& truth,
                                     const std::vector<bert::tag_sequence>& predicted) {
  auto entities = bert::entity_report(truth, predicted);
  if (!entities) return tl::unexpected(std::move(entities.error()));
  auto strict = bert::entity_report(truth, predicted, bert::tag_scheme::iob2);
  if (!strict) return tl::unexpected(std::move(strict.error()));
  auto tokens = bert::token_report(truth, predicted, tags_in_order(truth, predicted));
  if (!tokens) return tl::unexpected(std::move(tokens.error()));
  return eval_report{std::move(*entities), std::move(*strict), std::move(*tokens)};
}

ordered_json to_json(const bert::metrics_report& report) {
  ordered_json out = ordered_json::object();
  for (const auto& [name, value] : report.classes)
    out[name] = to_json(value);
  if (report.accuracy)
    out["accuracy"] = *report.accuracy;
  else
    out["micro avg"] = to_json(report.micro);
  out["macro avg"] = to_json(report.macro);
  out["weighted avg"] = to_json(report.weighted);
  return out;
}

} // namespace troupe::cli
