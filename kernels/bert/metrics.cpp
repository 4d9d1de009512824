#include "kernels/bert/metrics.hpp"

#include "kernels/bert/errors.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <map>
#include <numeric>

namespace troupe::bert {
namespace {

/// What is known of one class, or of several together.
struct counts {
  std::size_t correct = 0, predicted = 0, wanted = 0;

  counts& operator+=(const counts& other) {
    correct += other.correct;
    predicted += other.predicted;
    wanted += other.wanted;
    return *this;
  }
};

double ratio(std::size_t part, std::size_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

using scoring = score (*)(const counts&);

/// As scikit-learn computes it.
score token_score(const counts& of) {
  return {ratio(of.correct, of.predicted), ratio(of.correct, of.wanted),
          ratio(2 * of.correct, of.predicted + of.wanted), of.wanted};
}

/// As seqeval computes it: F1 from the other two. The last bit differs, and with it what is printed
/// of 0.8125 in three digits.
score entity_score(const counts& of) {
  score out = token_score(of);
  const double sum = out.precision + out.recall;
  out.f1 = sum == 0 ? 0 : 2 * out.precision * out.recall / sum;
  return out;
}

/// The mean over the classes with these weights; NaN when they sum up to 0.
score mean(const std::vector<metrics_report::line>& classes, const std::vector<double>& weights) {
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  score out;
  for (std::size_t i = 0; i < classes.size(); ++i) {
    const score& value = classes[i].value;
    out.precision += weights[i] * value.precision;
    out.recall += weights[i] * value.recall;
    out.f1 += weights[i] * value.f1;
    out.support += value.support;
  }
  for (double* figure : {&out.precision, &out.recall, &out.f1})
    *figure = sum == 0 ? std::numeric_limits<double>::quiet_NaN() : *figure / sum;
  return out;
}

using named_counts = std::vector<std::pair<std::string, counts>>;

metrics_report report_of(const named_counts& classes, scoring score_of) {
  metrics_report report;
  counts all;
  std::vector<double> supports;
  for (const auto& [name, of] : classes) {
    report.classes.push_back({name, score_of(of)});
    supports.push_back(static_cast<double>(of.wanted));
    all += of;
  }
  report.micro = score_of(all);
  report.macro = mean(report.classes, std::vector<double>(classes.size(), 1.0));
  report.weighted = all.wanted == 0 ? score{} : mean(report.classes, supports);
  return report;
}

result<void> check_shapes(std::span<const tag_sequence> truth,
                          std::span<const tag_sequence> predicted) {
  if (truth.size() != predicted.size())
    return fail(bert_errc::bad_tags, std::to_string(truth.size()) + " true sentences but " +
                                         std::to_string(predicted.size()) + " predicted ones");
  for (std::size_t i = 0; i < truth.size(); ++i)
    if (truth[i].size() != predicted[i].size())
      return fail(bert_errc::bad_tags, "sentence " + std::to_string(i + 1) + " has " +
                                           std::to_string(truth[i].size()) + " true tags but " +
                                           std::to_string(predicted[i].size()) + " predicted ones");
  return {};
}

result<std::vector<tagged_entity>> entities_of(std::span<const tag_sequence> sentences,
                                               std::size_t index,
                                               std::optional<tag_scheme> strict) {
  auto found =
      strict ? strict_entities(sentences[index], *strict) : lenient_entities(sentences[index]);
  if (found) {
    std::sort(found->begin(), found->end());
    return found;
  }
  return fail(found.error().code,
              "sentence " + std::to_string(index + 1) + ": " + found.error().context);
}

using counts_by_name = std::map<std::string, counts, std::less<>>;

void count_entities(const std::vector<tagged_entity>& truth,
                    const std::vector<tagged_entity>& predicted, counts_by_name& into) {
  for (const auto& entity : truth)
    ++into[entity.type].wanted;
  for (const auto& entity : predicted)
    ++into[entity.type].predicted;
  std::vector<tagged_entity> both;
  std::set_intersection(truth.begin(), truth.end(), predicted.begin(), predicted.end(),
                        std::back_inserter(both));
  for (const auto& entity : both)
    ++into[entity.type].correct;
}

counts_by_name count_tokens(std::span<const tag_sequence> truth,
                            std::span<const tag_sequence> predicted) {
  counts_by_name by_tag;
  for (std::size_t sentence = 0; sentence < truth.size(); ++sentence)
    for (std::size_t word = 0; word < truth[sentence].size(); ++word) {
      const std::string& wanted = truth[sentence][word];
      const std::string& found = predicted[sentence][word];
      ++by_tag[wanted].wanted;
      ++by_tag[found].predicted;
      if (wanted == found) ++by_tag[wanted].correct;
    }
  return by_tag;
}

/// The counts of these tags, in their order.
named_counts listed(const counts_by_name& by_tag, std::span<const std::string> tags) {
  named_counts chosen;
  for (const std::string& name : tags) {
    const auto at = by_tag.find(name);
    chosen.emplace_back(name, at == by_tag.end() ? counts{} : at->second);
  }
  return chosen;
}

} // namespace

result<metrics_report> entity_report(std::span<const tag_sequence> truth,
                                     std::span<const tag_sequence> predicted,
                                     std::optional<tag_scheme> strict) {
  if (auto same = check_shapes(truth, predicted); !same)
    return tl::unexpected(std::move(same.error()));
  counts_by_name by_type;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const auto wanted = entities_of(truth, i, strict);
    if (!wanted) return tl::unexpected(wanted.error());
    const auto found = entities_of(predicted, i, strict);
    if (!found) return tl::unexpected(found.error());
    count_entities(*wanted, *found, by_type);
  }
  return report_of({by_type.begin(), by_type.end()}, entity_score);
}

result<metrics_report> token_report(std::span<const tag_sequence> truth,
                                    std::span<const tag_sequence> predicted,
                                    std::span<const std::string> tags) {
  if (auto same = check_shapes(truth, predicted); !same)
    return tl::unexpected(std::move(same.error()));
  const counts_by_name by_tag = count_tokens(truth, predicted);
  auto report =
      report_of(tags.empty() ? named_counts{by_tag.begin(), by_tag.end()} : listed(by_tag, tags),
                token_score);
  const bool all = tags.empty() || std::all_of(by_tag.begin(), by_tag.end(), [&](const auto& one) {
                     return std::find(tags.begin(), tags.end(), one.first) != tags.end();
                   });
  if (all) report.accuracy = report.micro.recall;
  report.fractional_support = std::all_of(by_tag.begin(), by_tag.end(),
                                          [](const auto& one) { return one.second.correct == 0; });
  return report;
}

result<double> token_accuracy(std::span<const tag_sequence> truth,
                              std::span<const tag_sequence> predicted) {
  const auto report = token_report(truth, predicted);
  if (!report) return tl::unexpected(report.error());
  return *report->accuracy;
}

} // namespace troupe::bert
