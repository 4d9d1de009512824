// The part of metrics.hpp that prints.
#include "kernels/bert/metrics.hpp"
#include "kernels/bert/piece_text.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace troupe::bert {
namespace {

/// `text` flushed right in `width` columns, counted as code points.
std::string right(std::string_view text, std::size_t width) {
  const std::size_t taken = codepoints(text);
  return std::string(width > taken ? width - taken : 0, ' ') + std::string{text};
}

constexpr std::size_t figure_width = 9;

/// Lines of one report.
class printer {
public:
  printer(std::size_t name_width, int digits, bool fractional_support)
      : name_width_(name_width), digits_(digits), support_end_(fractional_support ? ".0" : "") {
    text_ = right("", name_width_) + " ";
    for (const char* head : {"precision", "recall", "f1-score", "support"})
      text_ += " " + right(head, figure_width);
    text_ += "\n\n";
  }

  void add(std::string_view name, const score& of) {
    add_cells(name, {figure(of.precision), figure(of.recall), figure(of.f1)}, of.support);
  }
  void add_accuracy(double accuracy, std::size_t support) {
    add_cells("accuracy", {"", "", figure(accuracy)}, support);
  }
  void blank() { text_ += '\n'; }
  [[nodiscard]] std::string text() && { return std::move(text_); }

private:
  void add_cells(std::string_view name, const std::array<std::string, 3>& cells,
                 std::size_t support) {
    text_ += right(name, name_width_) + " ";
    for (const std::string& cell : cells)
      text_ += " " + right(cell, figure_width);
    text_ += " " + right(std::to_string(support) + support_end_, figure_width) + "\n";
  }

  [[nodiscard]] std::string figure(double value) const {
    if (std::isnan(value)) return "nan";
    std::array<char, 32> buffer{}; // figures are at most 1
    std::snprintf(buffer.data(), buffer.size(), "%.*f", digits_, value);
    return buffer.data();
  }

  std::size_t name_width_;
  int digits_;
  const char* support_end_;
  std::string text_;
};

} // namespace

std::string to_text(const metrics_report& report, int digits) {
  constexpr std::string_view longest_average = "weighted avg";
  const int shown = std::clamp(digits, 0, 15);
  std::size_t width = std::max(longest_average.size(), static_cast<std::size_t>(shown));
  for (const auto& line : report.classes)
    width = std::max(width, codepoints(line.name));
  printer out{width, shown, report.fractional_support};
  for (const auto& line : report.classes)
    out.add(line.name, line.value);
  out.blank();
  if (report.accuracy)
    out.add_accuracy(*report.accuracy, report.micro.support);
  else
    out.add("micro avg", report.micro);
  out.add("macro avg", report.macro);
  out.add(longest_average, report.weighted);
  return std::move(out).text();
}

} // namespace troupe::bert
