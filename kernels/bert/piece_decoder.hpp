#pragma once

#include "kernels/bert/decode.hpp"
#include "kernels/bert/viterbi.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::bert {

/// A piece as the decoder takes it. `start` and `end` may count whatever the caller likes: they come
/// back as those of an entity's first and last piece.
struct source_piece {
  /// Its text in the vocabulary, "##" included; lives as long as the decoder.
  std::string_view piece;
  /// What it stands for in the original text; looked at for an unknown piece only.
  std::string_view source;
  /// Length of that in code points.
  std::size_t source_codepoints = 0;
  std::uint64_t start = 0, end = 0;
  bool unknown = false;
  std::int32_t word = -1;
  std::int32_t index = -1;
};

/// Turns labelled pieces into entities as they come; what came in one go or bit by bit gives the same.
/// Keeps only the pieces that are not decided yet: those of the last entity, or with viterbi those
/// behind which the best paths still part. One thread.
class piece_decoder {
public:
  piece_decoder(const label_set& labels, const decode_options& how);

  /// @param logits [labels] finite; not kept.
  void push(const source_piece& piece, std::span<const float> logits);
  /// No piece follows.
  void close();

  /// The entities that no further piece can change, each once, in text order.
  [[nodiscard]] std::vector<byte_span> take();
  /// `start` of the first piece that an entity to come may begin with, if one waits.
  [[nodiscard]] std::optional<std::uint64_t> waits_from() const;

private:
  /// A label and its probability.
  struct choice {
    std::size_t label = 0;
    double score = 0;
  };
  /// A piece, or a word of several: what grouping joins. Pieces [first, last) of `pieces_`.
  struct unit {
    choice best;
    std::size_t first = 0, last = 0;
  };
  struct kept_piece {
    std::string_view piece;
    std::string source;
    std::uint64_t start = 0, end = 0;
    std::int32_t word = -1, index = -1;
    bool unknown = false;
  };

  [[nodiscard]] static choice best_of(const std::vector<double>& probabilities);
  [[nodiscard]] bool continues_word(const source_piece& piece) const;
  void start_unit(std::span<const float> logits);
  void extend_word();
  void finish_mean();
  void label_by_path();
  [[nodiscard]] std::size_t decided() const;
  [[nodiscard]] std::size_t end_of_group(std::size_t first, std::size_t decided) const;
  [[nodiscard]] byte_span single(const unit& piece) const;
  [[nodiscard]] byte_span group(std::span<const unit> members) const;
  [[nodiscard]] std::string unit_text(const unit& which) const;
  void drop(std::size_t units);

  const label_set& labels_;
  aggregation how_;
  bool by_ids_;
  bool closed_ = false;
  std::vector<double> row_; // probabilities of the current piece
  std::vector<double> sum_; // ... summed over the pieces of the last word
  std::size_t summed_ = 0;
  std::vector<kept_piece> pieces_;
  std::vector<unit> units_;
  // viterbi: how many of `units_` have their label, and the logits of the others.
  path_finder path_;
  std::size_t labelled_ = 0;
  std::vector<float> rows_;
};

} // namespace troupe::bert
