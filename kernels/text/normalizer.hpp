#pragma once

#include "kernels/text/unicode.hpp"
#include "kernels/text/utf8.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

namespace troupe::text {

/// A half-open range of bytes of the original text.
struct byte_range {
  std::uint32_t start = 0, end = 0;

  friend bool operator==(const byte_range&, const byte_range&) = default;
};

/// The choices of a BERT normaliser. Any combination is possible; control characters are always removed.
struct normalizer_options {
  bool lowercase = true;
  /// Decompose canonically and delete the non-spacing marks.
  bool strip_accents = true;
  /// Put spaces around CJK ideographs.
  bool split_cjk = true;
};

/// One code point of the normalised text and the bytes of the original it stands for. Several may share one range (the
/// jamo of a syllable), and neighbouring ranges may have removed bytes between them.
struct normalized_char {
  char32_t code_point = 0;
  byte_range source;

  friend bool operator==(const normalized_char&, const normalized_char&) = default;
};

/// Normalises text in one pass and hands each code point to a sink. Immutable, shared by threads.
///
/// The steps of the reference, per code point: remove control characters, turn white space into spaces, surround CJK by
/// spaces, decompose and sort and strip marks, lower-case. Only the sorting of combining marks looks at neighbours, and
/// only where a mark with a combining class stays (few do): then the run of marks is read again from its starter.
class normalizer {
public:
  explicit normalizer(normalizer_options options)
      : options_{options}, table_{&char_table::instance()} {}

  [[nodiscard]] const normalizer_options& options() const noexcept { return options_; }
  [[nodiscard]] const char_table& table() const noexcept { return *table_; }

  /// Calls `sink.put(code_point, record, range)` for each code point that stays (`record` is that of the normalised code
  /// point) and `sink.space(range)` for each space.
  /// @param begin,end bytes of `text`; malformed UTF-8 counts as U+FFFD, which is removed.
  template <class Sink>
  void run(std::string_view text, std::size_t begin, std::size_t end, Sink& sink) const {
    std::size_t starter = begin;
    text = text.substr(0, end);
    for (std::size_t at = begin; at < end;)
      at = step(text, at, starter, sink);
  }

  /// Handles the code point at `at` and returns where the next one begins; for callers with their own loop.
  /// @param starter kept by the caller for this function: where the last starter began, at first the segment's begin.
  template <class Sink>
  std::size_t step(std::string_view text, std::size_t at, std::size_t& starter, Sink& sink) const {
    const decoded source = decode_utf8(text, at);
    const std::size_t next = at + source.size;
    const byte_range range = range_of(at, next);
    const char_record& record = (*table_)[source.code_point];
    if (record.has(char_flag::removed)) return next;
    if (record.combining_class == 0) starter = at;
    if (record.has(char_flag::white)) {
      sink.space(range);
      return next;
    }
    if (options_.split_cjk && record.has(char_flag::cjk)) {
      sink.space(range);
      put_source(source.code_point, record, range, sink);
      sink.space(range);
      return next;
    }
    if (put_source(source.code_point, record, range, sink)) return next;
    return put_mark_run(text, starter, sink);
  }

private:
  /// An element of a run of combining marks.
  struct mark {
    char32_t code_point;
    std::uint8_t combining_class;
    /// The first of its decomposition: in the reference's bookkeeping it takes the next source, the others share.
    bool takes_source;
  };

  static byte_range range_of(std::size_t start, std::size_t end) {
    return {static_cast<std::uint32_t>(start), static_cast<std::uint32_t>(end)};
  }

  template <class Sink>
  void put_lowered(char32_t code_point, const char_record& record, byte_range range,
                   Sink& sink) const {
    if (!options_.lowercase || record.lower_delta == 0) {
      sink.put(code_point, record, range);
      return;
    }
    for (const char32_t lower : table_->lower_case(code_point))
      sink.put(lower, (*table_)[lower], range);
  }

  /// False when a mark stays that may have to be sorted; what comes before it is put then.
  template <class Sink>
  bool put_source(char32_t code_point, const char_record& record, byte_range range,
                  Sink& sink) const {
    if (!options_.strip_accents || (record.combining_class == 0 && !record.has(char_flag::mark) &&
                                    !record.has(char_flag::decomposes))) {
      put_lowered(code_point, record, range, sink);
      return true;
    }
    for (const char32_t part : table_->decompose(code_point)) {
      const char_record& part_record = (*table_)[part];
      if (part_record.has(char_flag::mark)) continue;
      if (part_record.combining_class != 0) return false;
      put_lowered(part, part_record, range, sink);
    }
    return true;
  }

  template <class Sink>
  std::size_t put_mark_run(std::string_view text, std::size_t starter, Sink& sink) const;

  std::size_t gather_marks(std::string_view text, std::size_t starter, std::vector<mark>& marks,
                           std::vector<byte_range>& sources) const;

  normalizer_options options_;
  const char_table* table_;
};

/// Puts the marks that stay of the run behind `starter`, in canonical order. As in the reference, the ranges do not move
/// with the marks: the n-th source of the run belongs to the n-th mark after sorting. Returns the end of the run.
template <class Sink>
std::size_t normalizer::put_mark_run(std::string_view text, std::size_t starter, Sink& sink) const {
  std::vector<mark> marks;
  // The first range is the starter's; the rest are taken in order.
  std::vector<byte_range> sources;
  const std::size_t end = gather_marks(text, starter, marks, sources);
  std::stable_sort(marks.begin(), marks.end(), [](const mark& a, const mark& b) {
    return a.combining_class < b.combining_class;
  });
  std::size_t source = 0;
  for (const mark& each : marks) {
    source += each.takes_source;
    const char_record& record = (*table_)[each.code_point];
    if (!record.has(char_flag::mark)) put_lowered(each.code_point, record, sources[source], sink);
  }
  return end;
}

/// All of `text` normalised, spaces as U+0020; for tests and tools.
[[nodiscard]] std::vector<normalized_char> normalize(std::string_view text,
                                                     normalizer_options options);

} // namespace troupe::text
