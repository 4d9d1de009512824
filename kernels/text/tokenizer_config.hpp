#pragma once

#include "kernels/result.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace troupe::text {

/// What a model folder says about its tokenizer. The names of the files' keys are in brackets.
struct tokenizer_options {
  bool lowercase = true;              // [do_lower_case]
  bool strip_accents = true;          // [strip_accents], null: as lowercase
  bool split_cjk = true;              // [tokenize_chinese_chars]
  std::size_t model_max_length = 512; // [model_max_length], clipped to defaults::max_model_length
  bool word_shapes = false;           // [token_types] of config.json is "word_shape"
  std::string unk_token = "[UNK]", sep_token = "[SEP]", pad_token = "[PAD]", cls_token = "[CLS]",
              mask_token = "[MASK]";
  /// Further literals that become one token, with the ids that the folder gives them; -1: as in the vocabulary.
  /// [added_tokens_decoder, additional_special_tokens, extra_special_tokens]
  std::vector<std::pair<std::string, std::int32_t>> added_tokens;
  /// Whether ASCII words are read 16 bytes at a time. Without, the tokens are the same and come slower: the path to check
  /// the fast one by. No file says it.
  bool vectorized = true;
};

/// Reads tokenizer_config.json of a model folder, and config.json for [token_types] where that exists.
/// @returns `unreadable_file`; `bad_config` for what is not JSON, has a wrong type or an unusable value; `unsupported`
///   for tokenizers and added tokens that BERT's rules do not cover. The message names file and key.
[[nodiscard]] result<tokenizer_options>
load_tokenizer_options(const std::filesystem::path& model_dir);

} // namespace troupe::text
