#pragma once

#include "kernels/bert/engine.hpp"
#include "tools/troupe/exit_code.hpp"

#include <filesystem>

namespace troupe::cli {

/// Answers commands of a driver that measures several engines side by side, one JSON object per line on standard input and
/// output, until the input ends:
///   {"cmd":"load","threads":1,"workers":1,"text":"..."}  -> {"load_s","first_s","rss_mb"}, or {"reused":true}
///   {"cmd":"run","texts":[...],"spans":1}                -> {"s","cpu","rss_mb","spans":[[[start,end,"PER"],...],...]}
///   {"cmd":"latency","texts":[...]}                      -> {"ts":[seconds each],"cs":[CPU seconds each],"rss_mb"}
/// Spans count code points; they are sent only where "spans" is not 0. A command that cannot be carried out is answered
/// {"error":"..."}.
[[nodiscard]] exit_code serve_ner_bench(const std::filesystem::path& model,
                                        bert::precision precision);

} // namespace troupe::cli
