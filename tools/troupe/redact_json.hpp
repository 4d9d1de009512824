#pragma once

#include "actors/pii/stream.hpp"

#include <cstddef>
#include <memory>
#include <string>

namespace troupe::cli {

/// How values are replaced.
struct replacement_style {
  bool pseudonyms = false;
  std::string key;
};

/// Writes a JSON object for every line, or with `whole` one for all of a block.
[[nodiscard]] std::unique_ptr<pii::block_writer> make_redaction_json(const replacement_style& style,
                                                                     bool whole);

} // namespace troupe::cli
