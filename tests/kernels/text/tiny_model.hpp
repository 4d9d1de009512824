#pragma once

#include "kernels/text/wordpiece.hpp"
#include "tests/support/files.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

namespace troupe::test {

/// A folder with the files of a small tokenizer, to be changed and loaded by a test.
class tiny_model {
public:
  static constexpr const char* pieces =
      "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nun\n##known\n##s\nhello\nworld\n,\n[\n]\nmask\n";

  explicit tiny_model(const std::string& config = "{}") {
    write("vocab.txt", pieces);
    write("tokenizer_config.json", config);
  }

  void write(const std::string& name, const std::string& content) const {
    write_file(folder_.path() / name, content);
  }
  void remove(const std::string& name) const { std::filesystem::remove(folder_.path() / name); }

  [[nodiscard]] result<text::wordpiece_tokenizer> try_load() const {
    return text::wordpiece_tokenizer::load(folder_.path());
  }
  [[nodiscard]] text::wordpiece_tokenizer load() const {
    auto loaded = try_load();
    BOOST_REQUIRE_MESSAGE(loaded, (loaded ? "" : loaded.error().message()));
    return *loaded;
  }

private:
  temporary_folder folder_;
};

} // namespace troupe::test
