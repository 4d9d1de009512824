// Tokenises lines for differential.py: encode_lines MODEL_DIR < lines > lines
// In: a JSON string, or a list of strings (words), per line. Out: [ids, [[start, end], ...], word ids, type ids], bytes.
#include "kernels/text/wordpiece.hpp"

#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

int main(int argc, char** argv) {
  using nlohmann::json;
  if (argc != 2) {
    std::cerr << "usage: encode_lines MODEL_DIR < lines\n";
    return 2;
  }
  const auto tokenizer = troupe::text::wordpiece_tokenizer::load(argv[1]);
  if (!tokenizer) {
    std::cerr << tokenizer.error().message() << '\n';
    return 1;
  }
  for (std::string line; std::getline(std::cin, line);) {
    const json input = json::parse(line);
    const auto tokens = input.is_string()
                            ? tokenizer->encode(input.get<std::string>())
                            : tokenizer->encode_words(input.get<std::vector<std::string>>());
    json offsets = json::array();
    for (const auto& [start, end] : tokens.offsets)
      offsets.push_back({start, end});
    std::cout << json{tokens.token_ids, offsets, tokens.word_ids, tokens.token_type_ids} << '\n';
  }
}
