#pragma once

#include "tools/troupe/text_source.hpp"

#include <CLI/CLI.hpp>
#include <map>
#include <string>
#include <vector>

namespace troupe::cli {

/// FILE... and --by, the same for every command that reads texts.
struct text_options {
  std::vector<std::string> files;
  text_unit unit = text_unit::line;

  void add_to(CLI::App& command) {
    static const std::map<std::string, text_unit> units{{"line", text_unit::line},
                                                        {"file", text_unit::file}};
    command.add_option("FILE", files, "Texts in UTF-8; - or none for standard input")
        ->type_name("");
    command.add_option("--by", unit, "What one text is: a line or a whole file")
        ->transform(CLI::CheckedTransformer(units).description(""))
        ->type_name("line|file")
        ->default_str("line");
  }
};

} // namespace troupe::cli
