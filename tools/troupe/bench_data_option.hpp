#pragma once

#include "tools/troupe/bench_texts.hpp"

#include <CLI/CLI.hpp>
#include <map>
#include <string>

namespace troupe::cli {

/// --data and --format, the same for every bench that reads texts.
struct bench_data_option {
  std::string file;
  text_format format = text_format::automatic;

  void add_to(CLI::App& command) {
    static const std::map<std::string, text_format> formats{{"auto", text_format::automatic},
                                                            {"conll", text_format::conll},
                                                            {"lines", text_format::lines}};
    command
        .add_option("--data", file,
                    "Texts to measure with (default: the documents shipped with troupe)")
        ->type_name("FILE");
    command
        .add_option("--format", format,
                    "How FILE reads: CoNLL columns, or one text per line; auto looks at its start")
        ->transform(CLI::CheckedTransformer(formats).description(""))
        ->type_name("auto|conll|lines")
        ->default_str("auto");
  }

  [[nodiscard]] result<bench_texts> read() const { return read_bench_texts(file, format); }
};

} // namespace troupe::cli
