// Any bytes as a text: sound offsets, the tokens of the repaired text and of the general path, and windows that add up to the
// whole.
#include "kernels/text/vocabulary.hpp"
#include "tests/fuzz/tokens.hpp"
#include "tests/support/files.hpp"

using namespace troupe;

namespace {

std::filesystem::path tokenizer_folder() {
  return test::source_folder() / "tests" / "golden" / "tokenizer" / "small";
}

const text::wordpiece_tokenizer& tokenizer() {
  static const auto loaded = text::wordpiece_tokenizer::load(tokenizer_folder());
  fuzz::require(loaded.has_value(), "the tokenizer of tests/golden loads");
  return *loaded;
}

/// The same without its fast path for ASCII words.
const text::wordpiece_tokenizer& general_tokenizer() {
  static const auto made = [] {
    auto options = text::load_tokenizer_options(tokenizer_folder());
    auto words = text::vocabulary::load(tokenizer_folder() / "vocab.txt");
    fuzz::require(options && words, "the files of the tokenizer of tests/golden load");
    options->vectorized = false;
    return text::wordpiece_tokenizer::create(std::move(*words), std::move(*options));
  }();
  fuzz::require(made.has_value(), "the general tokenizer is made");
  return *made;
}

void require_same(const text::encoding& a, const text::encoding& b) {
  fuzz::require(a.token_ids == b.token_ids && a.token_type_ids == b.token_type_ids &&
                    a.offsets == b.offsets && a.special_mask == b.special_mask &&
                    a.word_ids == b.word_ids,
                "both paths give the same tokens");
}

void require_windows(const text::encoding& whole, std::string_view text, std::size_t max_length,
                     std::size_t stride) {
  const auto windows = tokenizer().encode_windows(text, max_length, stride);
  fuzz::require(windows.has_value(), "there are windows");
  text::encoding joined;
  joined.add_special(tokenizer().cls_id());
  for (const auto& window : *windows) {
    fuzz::require_sound(tokenizer(), window, text);
    fuzz::require(window.size() <= max_length, "windows keep their length");
    joined.append(window, &window == &windows->front() ? 1 : 1 + stride, window.size() - 1);
  }
  joined.add_special(tokenizer().sep_id());
  fuzz::require(joined.token_ids == whole.token_ids && joined.offsets == whole.offsets &&
                    joined.word_ids == whole.word_ids,
                "windows add up to the whole");
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return -1;
  // Two bytes choose the windows, the others are the text.
  const std::size_t max_length = 3 + data[0] % 62, stride = data[1] % (max_length - 2);
  const std::string_view bytes = fuzz::as_text(data, size).substr(2);
  const auto raw = tokenizer().encode(bytes);
  fuzz::require_sound(tokenizer(), raw, bytes);
  require_same(raw, general_tokenizer().encode(bytes));
  const std::string text = text::repair_utf8(bytes).text;
  const auto tokens = tokenizer().encode(text);
  fuzz::require_sound(tokenizer(), tokens, text);
  fuzz::require_boundaries(tokens, text);
  fuzz::require(raw.token_ids == tokens.token_ids && raw.word_ids == tokens.word_ids,
                "malformed bytes count as U+FFFD");
  require_windows(tokens, text, max_length, stride);
  const std::string words[] = {text, text};
  fuzz::require(tokenizer().encode_words(words).size() == 2 * tokens.size() - 2,
                "a word gives what it gives alone");
  return 0;
}
