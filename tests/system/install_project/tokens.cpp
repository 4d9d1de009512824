// Prints the word pieces of a text.
//   tokens MODEL_FOLDER TEXT
#include "kernels/text/wordpiece.hpp"

#include <iostream>

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const auto tokenizer = troupe::text::wordpiece_tokenizer::load(argv[1]);
  if (!tokenizer) {
    std::cerr << tokenizer.error().message() << '\n';
    return 1;
  }
  for (const auto id : tokenizer->encode(argv[2]).token_ids)
    std::cout << tokenizer->piece(id) << ' ';
  std::cout << '\n';
}
