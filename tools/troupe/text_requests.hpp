#pragma once

#include "actors/runtime/agent_system.hpp"
#include "tools/troupe/exit_code.hpp"
#include "tools/troupe/text_source.hpp"

#include <functional>

namespace troupe::cli {

/// A command that asks one agent about each of many texts.
struct text_requests {
  agent_name target;
  /// The request for a text; the text may be moved out of `input` only where `print` does not need it.
  std::function<message_ptr(const input_text& input)> request;
  /// Reads and prints a text that `continues`, to its end; needed where `texts` gives such.
  std::function<exit_code(text_source& texts, input_text first)> in_parts{};
  /// Prints the answer. @returns false when nobody can read the output any more.
  std::function<bool(const input_text& input, const google::protobuf::Message& answer)> print;
};

/// "file:line" of a text, or its file.
[[nodiscard]] std::string place_of(const input_text& input);

/// Says on standard error that malformed UTF-8 was replaced, if it was.
void warn_if_repaired(const input_text& input);

/// Asks about the texts, many at once but bounded in number and bytes, and prints the answers in the order of the
/// texts: memory does not grow with the input. Warns of malformed UTF-8 with file and line. Stops at the first failure
/// and when a signal asked to.
[[nodiscard]] exit_code ask_about_texts(agent_system& agents, text_source& texts,
                                        const text_requests& how);

} // namespace troupe::cli
