#pragma once

#include <cstddef>
#include <cstdint>

/// Bounds of the built-in agents: what comes from outside is never taken in whatever size it has.
namespace troupe::agents::defaults {

/// Files that one files.list may answer with.
inline constexpr std::size_t max_listed_files = 100'000;
/// Size of a text file when the request names no bound.
inline constexpr std::uint64_t max_file_size_bytes = 64ULL << 20U;
/// No request raises the bound above this: a message has to carry the text.
inline constexpr std::uint64_t largest_file_size_bytes = 1ULL << 30U;
/// Size of a text that pii.redact takes; spans count bytes in 32 bits, and a document is rarely above a few MiB.
inline constexpr std::size_t max_redact_size_bytes = 64ULL << 20U;
/// Model spans below this score stay in the text.
inline constexpr double min_pii_score = 0.5;
/// Hexadecimal digits of a pseudonym, 24 bits: two of 600 different values share one with a probability of 1 %.
inline constexpr std::size_t pseudonym_digits = 6;

/// Documents whose text the report page shows; the JSON has all of them.
inline constexpr std::size_t max_page_documents = 200;
/// Text shown per document, and of all documents together.
inline constexpr std::size_t max_page_document_bytes = 64ULL << 10U;
inline constexpr std::size_t max_page_text_bytes = 4ULL << 20U;
/// Rows of the page's time chart; above it, instances are drawn together, one row per step.
inline constexpr std::size_t max_gantt_rows = 200;
/// Steps that the page's graph draws.
inline constexpr std::size_t max_graph_steps = 400;

} // namespace troupe::agents::defaults
