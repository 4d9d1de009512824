#pragma once

#include "actors/agents/spans.hpp"
#include "actors/pii/model_text.hpp"
#include "actors/pii/reader.hpp"
#include "actors/pii/settings.hpp"
#include "kernels/result.hpp"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace troupe::pii {

/// Counters since start.
struct finder_stats {
  std::uint64_t lines = 0;
  std::uint64_t bytes = 0;
  std::uint64_t spans = 0;
  /// Parts of lines that `can_hold_names`, and those that a model read: the others had an answer already.
  std::uint64_t asked_texts = 0;
  std::uint64_t read_texts = 0;

  finder_stats& operator+=(const finder_stats& other);
};

/// Finds the personal data of lines: rules first, models where there can be names, what the context gives away, and one
/// answer out of all of them. The answer to a line depends on that line and on whether a sign-off stands before it, and on
/// nothing else: not on other lines, threads, or how the input was cut. One thread; make one per thread.
class line_finder {
public:
  /// @param wanted must outlive the finder. @returns the engine's errors.
  [[nodiscard]] static result<line_finder> make(const models& with, const settings& wanted);

  /// @param lines valid UTF-8, without their ends. @param after_sign_off of the last line that was not blank before them.
  /// @returns per line its spans in order, without overlap; the engine's errors.
  [[nodiscard]] result<std::vector<std::vector<pii_span>>>
  find(std::span<const std::string_view> lines, bool after_sign_off);

  [[nodiscard]] finder_stats stats() const;

private:
  /// A part of a line that a model reads.
  struct question {
    std::size_t line = 0;
    model_text text;
  };

  line_finder(model_reader reader, const settings& wanted)
      : reader_(std::move(reader)), wanted_(&wanted) {}

  void ask_about(std::string_view line, std::size_t number, std::span<const pii_span> settled);
  [[nodiscard]] result<void> read_questions(std::vector<std::vector<pii_span>>& found);

  model_reader reader_;
  const settings* wanted_;
  finder_stats stats_;
  std::vector<question> questions_;
  std::vector<std::string> texts_;
};

/// One answer out of what rules, context and models found in `line`: model spans become whole words, the state between the
/// parts of an address joins them, overlaps are settled (`agents::merge_spans`), neighbours of one label become one.
/// @param rules of wanted labels. @param by_model of any. @returns those of wanted labels, in order, without overlap.
[[nodiscard]] std::vector<pii_span> settle(std::string_view line, std::vector<pii_span> rules,
                                           std::vector<pii_span> by_model, const settings& wanted);

} // namespace troupe::pii
