#include "tests/kernels/bert/golden_ner.hpp"

#include <cmath>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace troupe::test {

using nlohmann::json;

namespace {

template <class T>
T value_or_throw(result<T> outcome) {
  if (!outcome) throw std::runtime_error{outcome.error().message()};
  return std::move(*outcome);
}

} // namespace

std::vector<json> golden_ner_lines(const std::string& name) {
  std::vector<json> lines;
  std::ifstream in{golden_folder() / "ner" / name};
  for (std::string line; std::getline(in, line);)
    lines.push_back(json::parse(line));
  return lines;
}

classifier::classifier(std::shared_ptr<const bert::ner_model> model)
    : model_(std::move(model)),
      scratch_(value_or_throw(model_->engine().make_workspace(model_->max_length()))) {}

classified classifier::classify(result<bert::prepared_text> prepared) {
  classified text{value_or_throw(std::move(prepared)), {}};
  for (const auto& window : text.prepared.windows) {
    batch_.clear();
    batch_.add(window);
    if (auto ran = batch_.classify(model_->engine(), *scratch_); !ran)
      throw std::runtime_error{ran.error().message()};
    const auto logits = batch_.logits(0);
    text.logits.emplace_back(logits.begin(), logits.end());
  }
  return text;
}

std::vector<bert::ner_span> classifier::decode(const classified& text,
                                               bert::aggregation how) const {
  auto spans = model_->collect(text.prepared, how);
  for (std::size_t window = 0; window < text.logits.size(); ++window)
    if (auto decoded = model_->decode(text.prepared, window, text.logits[window], spans); !decoded)
      throw std::runtime_error{decoded.error().message()};
  return spans.finish();
}

std::shared_ptr<const bert::ner_model> pii_model() {
  static const auto model = value_or_throw(bert::ner_model::load(
      source_folder() / "models" / "pii-rampart", {.wanted = bert::precision::fp32}));
  return model;
}

json to_json(const std::vector<bert::ner_span>& spans, bert::aggregation how) {
  json out = json::array();
  for (const auto& span : spans) {
    json entity{{how == bert::aggregation::none ? "entity" : "entity_group", span.label},
                {"score", span.score},
                {"start", span.start_codepoint},
                {"end", span.end_codepoint},
                {"word", span.word}};
    if (how == bert::aggregation::none) entity["index"] = span.index;
    out.push_back(std::move(entity));
  }
  return out;
}

std::string difference(const std::vector<bert::ner_span>& found, const json& expected,
                       bert::aggregation how, double tolerance, double& largest) {
  json ours = to_json(found, how), theirs = expected;
  if (ours.size() != theirs.size()) return "found " + ours.dump() + " instead of " + theirs.dump();
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const double apart =
        std::abs(ours[i]["score"].get<double>() - theirs[i]["score"].get<double>());
    largest = std::max(largest, apart);
    ours[i].erase("score");
    theirs[i].erase("score");
    if (ours[i] != theirs[i] || !(apart <= tolerance)) {
      std::ostringstream message;
      message << "entity " << i << " is " << ours[i] << " instead of " << theirs[i]
              << ", scores apart by " << apart;
      return message.str();
    }
  }
  return {};
}

std::map<std::string, std::vector<float>> read_float_tensors(const std::filesystem::path& file) {
  const std::string bytes = read_file(file);
  std::uint64_t header_size = 0;
  std::memcpy(&header_size, bytes.data(), sizeof header_size);
  const json header = json::parse(bytes.substr(8, header_size));
  std::map<std::string, std::vector<float>> tensors;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__" || entry["dtype"] != "F32") continue;
    const std::size_t begin = entry["data_offsets"][0], end = entry["data_offsets"][1];
    auto& values = tensors[name];
    values.resize((end - begin) / sizeof(float));
    std::memcpy(values.data(), bytes.data() + 8 + header_size + begin, end - begin);
  }
  return tensors;
}

} // namespace troupe::test
