// Completes or renews the files of a golden ner/ folder with what this build finds in fp32. Only to
// be run when bert_ner_golden_test passes against the reference outputs.
//
//   bert_write_ner_golden tests/golden/ner
//
// Keeps the inputs of each line ("text", or "words", and for long texts "model_max_length" and
// "stride"); a new case is a line with just these.
#include "tests/kernels/bert/golden_ner.hpp"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <limits>

using namespace troupe;
using namespace troupe::test;
using nlohmann::ordered_json;

namespace {

/// The smallest distance between the two best labels of any token: where it is tiny, a lower
/// precision may choose another label.
double smallest_margin(const classified& text, std::size_t labels) {
  double smallest = std::numeric_limits<double>::infinity();
  for (std::size_t window = 0; window < text.logits.size(); ++window)
    for (std::size_t token = 0; token < text.prepared.windows[window].size(); ++token) {
      if (text.prepared.windows[window].special_mask[token]) continue;
      const auto begin = text.logits[window].begin() + static_cast<std::ptrdiff_t>(token * labels);
      std::vector<float> row(begin, begin + static_cast<std::ptrdiff_t>(labels));
      std::partial_sort(row.begin(), row.begin() + 2, row.end(), std::greater<>{});
      smallest = std::min(smallest, static_cast<double>(row[0]) - row[1]);
    }
  return smallest;
}

ordered_json completed(const nlohmann::json& line, classifier& run) {
  const auto& model = *pii_model();
  const bool words = line.contains("words"), long_text = line.contains("stride");
  ordered_json out;
  for (const char* input : {"text", "words", "model_max_length", "stride"})
    if (line.contains(input)) out[input] = line[input];
  const std::string text = line.value("text", "");
  bert::window_options windows;
  if (long_text) windows = {line["model_max_length"].get<std::size_t>(), line["stride"]};
  const classified found =
      run.classify(words ? model.prepare_words(line["words"].get<std::vector<std::string>>())
                         : model.prepare(text, windows));
  for (const auto& [name, how] : aggregations)
    if (!long_text || how != bert::aggregation::none)
      out[name] = to_json(run.decode(found, how), how);
  if (long_text) out["windows"] = found.logits.size();
  if (!found.logits.empty()) out["min_margin"] = smallest_margin(found, model.labels().size());
  return out;
}

void renew(const std::filesystem::path& file, classifier& run) {
  std::vector<std::string> lines;
  {
    std::ifstream in{file};
    for (std::string line; std::getline(in, line);)
      lines.push_back(completed(nlohmann::json::parse(line), run).dump(-1, ' ', true));
  }
  std::string all;
  for (const auto& line : lines)
    all += line + "\n";
  write_file(file, all);
  std::cout << file << ": " << lines.size() << " lines\n";
}

} // namespace

int main(int argc, char** argv) try {
  if (argc != 2) throw std::runtime_error{"usage: bert_write_ner_golden FOLDER"};
  classifier run{pii_model()};
  for (const char* name : {"pipeline.jsonl", "presplit.jsonl", "stride.jsonl"})
    renew(std::filesystem::path{argv[1]} / name, run);
} catch (const std::exception& problem) {
  std::cerr << problem.what() << "\n";
  return 1;
}
