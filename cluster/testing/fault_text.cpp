#include "cluster/testing/errc.hpp"
#include "cluster/testing/fault_plan.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <sstream>
#include <utility>

namespace troupe::cluster::testing {
namespace {

using std::chrono::nanoseconds;

constexpr std::array kind_names{std::pair{fault_kind::partition, "partition"},
                                std::pair{fault_kind::cut, "cut"},
                                std::pair{fault_kind::pause, "pause"},
                                std::pair{fault_kind::crash, "crash"},
                                std::pair{fault_kind::power_loss, "power-loss"},
                                std::pair{fault_kind::refuse, "refuse"},
                                std::pair{fault_kind::skew, "skew"},
                                std::pair{fault_kind::drift, "drift"},
                                std::pair{fault_kind::slow, "slow"}};
constexpr std::array latency_names{std::pair{latency_model::kind::fixed, "fixed"},
                                   std::pair{latency_model::kind::uniform, "uniform"},
                                   std::pair{latency_model::kind::heavy_tail, "heavy"}};
constexpr std::array units{std::pair{"s", std::int64_t{1'000'000'000}},
                           std::pair{"ms", std::int64_t{1'000'000}},
                           std::pair{"us", std::int64_t{1'000}}, std::pair{"ns", std::int64_t{1}}};

template <class Names, class Value>
std::string name_of(const Names& names, Value value) {
  return std::ranges::find(names, value, [](const auto& each) { return each.first; })->second;
}

std::string text_of(nanoseconds time) {
  for (const auto& [unit, size] : units)
    if (time.count() % size == 0) return std::to_string(time.count() / size) + unit;
  return {};
}

std::string list_of(const std::vector<std::string>& nodes) {
  std::string all;
  for (const auto& each : nodes)
    all += (all.empty() ? "" : ",") + each;
  return all.empty() ? "*" : all;
}

std::string text_of(const link_shape& shape) {
  auto text =
      " latency " + name_of(latency_names, shape.latency.how) + " " + text_of(shape.latency.least);
  if (shape.latency.how != latency_model::kind::fixed) text += " " + text_of(shape.latency.most);
  if (shape.bytes_per_second) text += " rate " + std::to_string(shape.bytes_per_second);
  if (shape.loss_ppm) text += " loss " + std::to_string(shape.loss_ppm) + "ppm";
  return text;
}

/// The words of one line, taken one after the other. What does not fit is remembered.
class plan_words {
public:
  explicit plan_words(const std::string& line) {
    std::istringstream in{line};
    for (std::string word; in >> word;)
      words_.push_back(word);
  }

  std::string next() { return more() ? words_[taken_++] : std::string{}; }
  [[nodiscard]] bool more() const { return taken_ < words_.size(); }
  bool take(std::string_view wanted) {
    if (!more() || words_[taken_] != wanted) return false;
    ++taken_;
    return true;
  }
  void expect(std::string_view wanted) {
    if (!take(wanted)) complain("\"" + std::string{wanted} + "\"");
  }
  template <class Number>
  Number number(std::string_view unit = {}) {
    Number value{};
    const auto word = next();
    const auto [end, failed] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (failed != std::errc{} || word.substr(static_cast<std::size_t>(end - word.data())) != unit)
      complain("a number" + (unit.empty() ? "" : " of " + std::string{unit}) + ", not \"" + word +
               "\"");
    return value;
  }
  nanoseconds time() {
    const auto word = next();
    std::int64_t value = 0;
    const auto [end, failed] = std::from_chars(word.data(), word.data() + word.size(), value);
    const auto unit = word.substr(static_cast<std::size_t>(end - word.data()));
    const auto* const found =
        std::ranges::find(units, unit, [](const auto& each) { return each.first; });
    const auto most = std::int64_t{4'000'000'000'000'000'000};
    if (failed != std::errc{} || found == units.end() || value > most / found->second ||
        value < -most / found->second) {
      complain("a time like 250ms, not \"" + word + "\"");
      return {};
    }
    return nanoseconds{value * found->second};
  }
  std::vector<std::string> nodes() {
    std::vector<std::string> all;
    const auto word = next();
    if (word.empty()) complain("names of nodes");
    if (word == "*" || word.empty()) return all;
    std::istringstream parts{word};
    for (std::string each; std::getline(parts, each, ',');)
      all.push_back(each);
    return all;
  }
  template <class Names>
  auto one_of(const Names& names) {
    const auto word = next();
    const auto* const found =
        std::ranges::find(names, word, [](const auto& each) { return each.second; });
    if (found != names.end()) return found->first;
    complain("a kind, not \"" + word + "\"");
    return names.front().first;
  }
  void complain(const std::string& wanted) {
    if (wrong_.empty()) wrong_ = wanted;
  }
  [[nodiscard]] const std::string& wrong() const { return wrong_; }

private:
  std::vector<std::string> words_;
  std::size_t taken_ = 0;
  std::string wrong_;
};

link_shape read_shape(plan_words& words) {
  link_shape shape;
  words.expect("latency");
  shape.latency.how = words.one_of(latency_names);
  shape.latency.least = words.time();
  shape.latency.most =
      shape.latency.how == latency_model::kind::fixed ? shape.latency.least : words.time();
  if (shape.latency.least.count() < 0 || shape.latency.most < shape.latency.least)
    words.complain("a latency from a lesser time to a greater");
  if (words.take("rate")) shape.bytes_per_second = words.number<std::uint64_t>();
  if (words.take("loss")) shape.loss_ppm = words.number<std::uint32_t>("ppm");
  return shape;
}

void read_details(plan_words& words, fault& into) {
  switch (into.kind) {
  case fault_kind::partition:
    words.expect("|");
    into.others = words.nodes();
    break;
  case fault_kind::cut:
  case fault_kind::slow:
    words.expect(">");
    into.others = words.nodes();
    if (into.kind == fault_kind::slow) into.shape = read_shape(words);
    break;
  case fault_kind::skew:
    into.offset = words.time();
    break;
  case fault_kind::drift:
  case fault_kind::refuse:
    into.ppm = words.number<std::int32_t>("ppm");
    break;
  case fault_kind::pause:
  case fault_kind::crash:
  case fault_kind::power_loss:
    break;
  }
}

fault read_fault(plan_words& words) {
  fault read;
  read.at = words.time();
  if (words.take("for")) read.lasts = words.time();
  if (read.at.count() < 0 || read.lasts.count() < 0) words.complain("times that are not negative");
  read.kind = words.one_of(kind_names);
  read.nodes = words.nodes();
  if (read.nodes.empty() && read.kind != fault_kind::slow) words.complain("names of nodes");
  read_details(words, read);
  if (words.more()) words.complain("nothing before \"" + words.next() + "\"");
  return read;
}

} // namespace

std::string to_string(const fault& one) {
  auto text = "at " + text_of(one.at);
  if (one.lasts.count() != 0) text += " for " + text_of(one.lasts);
  text += " " + name_of(kind_names, one.kind) + " " + list_of(one.nodes);
  switch (one.kind) {
  case fault_kind::partition:
    return text + " | " + list_of(one.others);
  case fault_kind::cut:
    return text + " > " + list_of(one.others);
  case fault_kind::slow:
    return text + " > " + list_of(one.others) + text_of(one.shape);
  case fault_kind::skew:
    return text + " " + text_of(one.offset);
  case fault_kind::drift:
  case fault_kind::refuse:
    return text + " " + std::to_string(one.ppm) + "ppm";
  case fault_kind::pause:
  case fault_kind::crash:
  case fault_kind::power_loss:
    break;
  }
  return text;
}

std::string to_string(const fault_plan& plan) {
  auto text = "seed " + std::to_string(plan.seed) + "\n";
  for (const auto& each : plan.faults)
    text += to_string(each) + "\n";
  return text;
}

result<fault_plan> parse_plan(std::string_view text) {
  fault_plan plan;
  std::istringstream lines{std::string{text}};
  std::size_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    plan_words words{line.substr(0, line.find('#'))};
    if (!words.more()) continue;
    if (words.take("seed"))
      plan.seed = words.number<std::uint64_t>();
    else if (words.take("at"))
      plan.faults.push_back(read_fault(words));
    else
      words.complain("\"seed\" or \"at\"");
    if (!words.wrong().empty())
      return fail(testing_errc::bad_plan,
                  "line " + std::to_string(number) + " wants " + words.wrong() + ": " + line);
  }
  return plan;
}

} // namespace troupe::cluster::testing
