#pragma once

#include "kernels/bert/ner_model.hpp"
#include "tools/troupe/exit_code.hpp"
#include "tools/troupe/text_source.hpp"

#include <memory>

namespace troupe::cli {

/// How `entity_stream` reads.
struct entity_stream_options {
  std::shared_ptr<const bert::ner_model> model;
  bert::decode_options how{};
  bert::window_options windows{};
};

/// Finds the entities of texts that are too large to hold, in memory that does not grow with them, and prints for each
/// the line that `troupe ner` prints. The text is printed as it is read; the entities, which come behind it in the line,
/// wait in a `spool`. Works on threads of its own, one per processor. One thread at a time.
class entity_stream {
public:
  explicit entity_stream(entity_stream_options options);
  ~entity_stream();

  /// Reads and prints the text that begins with `first`, to its end.
  [[nodiscard]] exit_code run(text_source& texts, input_text first);

private:
  class workers;
  class one_text;

  entity_stream_options options_;
  std::unique_ptr<workers> workers_;
};

} // namespace troupe::cli
