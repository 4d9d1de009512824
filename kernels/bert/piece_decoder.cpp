#include "kernels/bert/piece_decoder.hpp"

#include "kernels/bert/piece_text.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

namespace troupe::bert {
namespace {

/// The softmax of `row`, which is finite, into `out`.
void softmax(std::span<const float> row, std::vector<double>& out) {
  const double peak = *std::max_element(row.begin(), row.end());
  double sum = 0;
  for (std::size_t i = 0; i < row.size(); ++i)
    sum += out[i] = std::exp(double{row[i]} - peak);
  for (double& value : out)
    value /= sum;
}

} // namespace

piece_decoder::piece_decoder(const label_set& labels, const decode_options& how)
    : labels_(labels), how_(how.how), by_ids_(how.by_word_ids()), row_(labels.size()),
      path_(labels) {}

void piece_decoder::push(const source_piece& piece, std::span<const float> logits) {
  softmax(logits, row_);
  const bool words = how_ != aggregation::none && how_ != aggregation::simple;
  const bool joins = words && !units_.empty() && continues_word(piece);
  pieces_.push_back({piece.piece, std::string{piece.unknown ? piece.source : std::string_view{}},
                     piece.start, piece.end, piece.word, piece.index, piece.unknown});
  joins ? extend_word() : start_unit(logits);
}

void piece_decoder::close() {
  finish_mean();
  closed_ = true;
}

/// Ties go to the lower label.
piece_decoder::choice piece_decoder::best_of(const std::vector<double>& probabilities) {
  const auto top = std::max_element(probabilities.begin(), probabilities.end());
  return {static_cast<std::size_t>(top - probabilities.begin()), *top};
}

/// Whether a piece that is not the first belongs to the word of the last unit.
bool piece_decoder::continues_word(const source_piece& piece) const {
  if (by_ids_) return piece.word == pieces_.back().word;
  return !piece.unknown && codepoints(piece.piece) != piece.source_codepoints;
}

void piece_decoder::start_unit(std::span<const float> logits) {
  finish_mean();
  units_.push_back({best_of(row_), pieces_.size() - 1, pieces_.size()});
  sum_ = row_;
  summed_ = 1;
  if (how_ != aggregation::viterbi) return;
  path_.push(logits);
  rows_.insert(rows_.end(), logits.begin(), logits.end());
}

void piece_decoder::extend_word() {
  unit& word = units_.back();
  word.last = pieces_.size();
  if (how_ == aggregation::max) {
    const choice here = best_of(row_);
    if (here.score > word.best.score) word.best = here;
  } else if (how_ == aggregation::average) {
    std::transform(sum_.begin(), sum_.end(), row_.begin(), sum_.begin(), std::plus<>{});
    ++summed_;
  }
}

/// Labels the last word by the mean of its pieces' probabilities.
void piece_decoder::finish_mean() {
  if (summed_ < 2) return;
  for (double& value : sum_)
    value /= static_cast<double>(summed_);
  units_.back().best = best_of(sum_);
  summed_ = 0;
}

/// Replaces the best label of each unit by that of the best path through all of them.
void piece_decoder::label_by_path() {
  const auto path = path_.take(closed_);
  for (std::size_t i = 0; i < path.size(); ++i) {
    softmax(std::span{rows_}.subspan(i * labels_.size(), labels_.size()), row_);
    units_[labelled_++].best = {path[i], row_[path[i]]};
  }
  rows_.erase(rows_.begin(),
              rows_.begin() + static_cast<std::ptrdiff_t>(path.size() * labels_.size()));
}

/// How many units are whole and have their label: the last one may go on.
std::size_t piece_decoder::decided() const {
  const std::size_t whole = closed_ || units_.empty() ? units_.size() : units_.size() - 1;
  return how_ == aggregation::viterbi ? std::min(whole, labelled_) : whole;
}

/// Where the group that starts with unit `first` ends; beyond `decided` where that is not known yet.
std::size_t piece_decoder::end_of_group(std::size_t first, std::size_t decided) const {
  // What is no entity need not be held together.
  if (how_ == aggregation::none || labels_.tag(units_[first].best.label) == "O") return first + 1;
  std::size_t last = first + 1;
  while (last < decided && labels_.continues(units_[last - 1].best.label, units_[last].best.label))
    ++last;
  return last == decided && !closed_ ? decided + 1 : last;
}

std::vector<byte_span> piece_decoder::take() {
  if (how_ == aggregation::viterbi) label_by_path();
  const std::size_t known = decided();
  std::vector<byte_span> spans;
  std::size_t first = 0;
  for (std::size_t last = 0; first < known; first = last) {
    last = end_of_group(first, known);
    if (last > known) break;
    if (how_ == aggregation::none) {
      if (labels_.name(units_[first].best.label) != "O") spans.push_back(single(units_[first]));
    } else if (labels_.tag(units_[first].best.label) != "O") {
      spans.push_back(group({units_.data() + first, last - first}));
    }
  }
  drop(first);
  return spans;
}

std::optional<std::uint64_t> piece_decoder::waits_from() const {
  return pieces_.empty() ? std::nullopt : std::optional{pieces_.front().start};
}

/// Forgets the first units and their pieces.
void piece_decoder::drop(std::size_t units) {
  if (units == 0) return;
  const std::size_t pieces = units_[units - 1].last;
  units_.erase(units_.begin(), units_.begin() + static_cast<std::ptrdiff_t>(units));
  pieces_.erase(pieces_.begin(), pieces_.begin() + static_cast<std::ptrdiff_t>(pieces));
  for (unit& left : units_) {
    left.first -= pieces;
    left.last -= pieces;
  }
  labelled_ -= std::min(labelled_, units);
}

byte_span piece_decoder::single(const unit& which) const {
  const kept_piece& piece = pieces_[which.first];
  return {which.best.label, which.best.score, piece.start,
          piece.end,        unit_text(which), piece.index};
}

byte_span piece_decoder::group(std::span<const unit> members) const {
  double sum = 0;
  piece_joiner word;
  for (const unit& member : members) {
    sum += member.best.score;
    word.add(unit_text(member));
  }
  return {members.front().best.label,
          sum / static_cast<double>(members.size()),
          pieces_[members.front().first].start,
          pieces_[members.back().last - 1].end,
          std::move(word).text(),
          -1};
}

std::string piece_decoder::unit_text(const unit& which) const {
  piece_joiner joined;
  for (std::size_t i = which.first; i < which.last; ++i)
    joined.add(pieces_[i].unknown ? std::string_view{pieces_[i].source} : pieces_[i].piece);
  return std::move(joined).text();
}

} // namespace troupe::bert
