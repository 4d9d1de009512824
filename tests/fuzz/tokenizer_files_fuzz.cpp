// tokenizer_config.json, vocab.txt and config.json of a model folder, in this order with "%%" lines between: a tokenizer
// that loads can tokenize.
#include "kernels/text/vocabulary.hpp"
#include "kernels/text/wordpiece.hpp"
#include "tests/fuzz/scratch_folder.hpp"
#include "tests/fuzz/tokens.hpp"

using namespace troupe;

namespace {

/// The id that is found for a piece is the last line with that text.
void require_inverse(const text::vocabulary& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto piece = words.piece(static_cast<std::int32_t>(i));
    const std::int32_t id = words.find(piece);
    if (piece.empty()) continue;
    fuzz::require(id >= static_cast<std::int32_t>(i) && words.piece(id) == piece,
                  "pieces and ids are inverse");
  }
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parts = fuzz::sections(fuzz::as_text(data, size));
  const char* const names[] = {"tokenizer_config.json", "vocab.txt", "config.json"};
  for (std::size_t i = 0; i < std::size(names); ++i) {
    const auto file = fuzz::scratch_folder() / names[i];
    if (i < parts.size())
      test::write_file(file, std::string{parts[i]});
    else
      std::filesystem::remove(file);
  }
  if (const auto words = text::vocabulary::load(fuzz::scratch_folder() / "vocab.txt"))
    require_inverse(*words);
  const auto tokenizer = text::wordpiece_tokenizer::load(fuzz::scratch_folder());
  if (!tokenizer) return fuzz::require(!tokenizer.error().context.empty(), "an error says why"), 0;
  // The files themselves are as good a text as any, and hold the pieces.
  const std::string text =
      text::repair_utf8(fuzz::as_text(data, std::min<std::size_t>(size, 1'000))).text;
  const auto tokens = tokenizer->encode(text);
  fuzz::require_sound(*tokenizer, tokens, text);
  fuzz::require_boundaries(tokens, text);
  return 0;
}
