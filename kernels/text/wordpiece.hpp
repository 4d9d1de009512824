#pragma once

#include "kernels/result.hpp"
#include "kernels/text/encoding.hpp"
#include "kernels/text/tokenizer_config.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::text {

class vocabulary;

/// BERT's tokenizer: ids, offsets and word ids identical to the Hugging Face fast tokenizer for every text. Immutable after
/// load and cheap to copy (copies share everything); any thread.
///
/// Texts are UTF-8 of at most `defaults::max_text_bytes`. Malformed parts are treated as U+FFFD, which has no tokens;
/// callers that must tell the user use `repair_utf8` first. A longer text makes the functions without `result` throw
/// `std::length_error`: bound what comes from outside before, or call `encode_windows`.
class wordpiece_tokenizer {
public:
  /// Reads vocab.txt, tokenizer_config.json and, where it exists, config.json of a model folder.
  /// @returns a `text_errc` whose context names the file and what to do.
  static result<wordpiece_tokenizer> load(const std::filesystem::path& model_dir);

  /// The same from parts. @returns `missing_special_token` when the vocabulary lacks one of the options' tokens.
  static result<wordpiece_tokenizer> create(vocabulary words, tokenizer_options options);

  /// [CLS] pieces [SEP], not cut to any length.
  [[nodiscard]] encoding encode(std::string_view text) const;

  /// The same into `out`, whose contents are replaced and whose memory is kept: for who encodes many texts one by one.
  void encode_into(std::string_view text, encoding& out) const;

  /// The same for text that was split into words elsewhere (`is_split_into_words`): word ids index `words`, offsets are
  /// relative to the word. A word that normalises to nothing has no tokens.
  [[nodiscard]] encoding encode_words(std::span<const std::string> words) const;

  /// The text in windows of at most `max_length` tokens, each [CLS] pieces [SEP]; neighbours share `stride` pieces. Windows
  /// are not aligned to words. There is at least one, without pieces for an empty text.
  /// @returns `bad_window` unless stride < max_length - 2; `too_long` for text or windows beyond defaults.hpp.
  [[nodiscard]] result<std::vector<encoding>>
  encode_windows(std::string_view text, std::size_t max_length, std::size_t stride) const;

  /// The same for text that was split into words elsewhere, as `encode_words` encodes it.
  [[nodiscard]] result<std::vector<encoding>>
  encode_word_windows(std::span<const std::string> words, std::size_t max_length,
                      std::size_t stride) const;

  /// Where a text that goes on may be cut, for it to be encoded in parts: the pieces of [0, n) followed by those of the rest
  /// are the pieces of the whole. Before ASCII white space and punctuation, that is; malformed UTF-8 does no harm.
  /// @returns the largest such n beyond `from`, or 0 when there is none.
  [[nodiscard]] std::size_t last_cut(std::string_view text, std::size_t from = 0) const noexcept;

  /// Makes the calling thread forget the words of several pieces that it remembers, for all tokenizers. Changes no answer:
  /// for who measures what the first texts cost.
  static void forget_words();

  /// The text of a piece ("##" included) of the vocabulary, empty for other ids. Lives as long as the tokenizer or a copy.
  [[nodiscard]] std::string_view piece(std::int32_t id) const noexcept;
  /// The id of a piece, or -1.
  [[nodiscard]] std::int32_t find(std::string_view piece) const noexcept;
  /// The number of lines of vocab.txt; every id is below it.
  [[nodiscard]] std::size_t vocab_size() const noexcept;

  [[nodiscard]] std::int32_t unk_id() const noexcept;
  [[nodiscard]] std::int32_t cls_id() const noexcept;
  [[nodiscard]] std::int32_t sep_id() const noexcept;
  [[nodiscard]] std::int32_t pad_id() const noexcept;
  [[nodiscard]] std::int32_t mask_id() const noexcept;

  [[nodiscard]] const tokenizer_options& options() const noexcept;

private:
  struct data;
  /// Cuts [CLS] and pieces into windows; what fits into one is not copied.
  [[nodiscard]] result<std::vector<encoding>> cut(encoding whole, std::size_t max_length,
                                                  std::size_t stride) const;
  explicit wordpiece_tokenizer(std::shared_ptr<const data> d) : data_{std::move(d)} {}

  std::shared_ptr<const data> data_;
};

} // namespace troupe::text
