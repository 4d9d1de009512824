#pragma once

#include "actors/scheduling/learning/cost_book.hpp"
#include "kernels/result.hpp"

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace troupe::scheduling {

/// A book as text (JSON, format troupe-costs-1), and back.
[[nodiscard]] std::string format_costs(const cost_book& book);
/// @param file how errors name the text.
/// @returns `bad_costs` with the place.
[[nodiscard]] result<cost_book> parse_costs(std::string_view text, std::string_view file);

/// The book in a file; an empty one where there is no such file. Blocks on the disk.
/// @returns `unreadable_file`, `too_large`, `bad_costs`.
[[nodiscard]] result<cost_book> load_costs(const std::filesystem::path& file);

/// Changes the book in a file: reads it, lets `change` work on it and puts it in the file's place, all of it or nothing, under
/// a lock (FILE.lock) that processes on the same file respect. A file that cannot be read is kept as FILE.damaged, and
/// `change` gets an empty book. Blocks on the disk.
/// @returns `unreadable_file` where nothing can be written, or the lock is held for longer than two seconds.
[[nodiscard]] result<void> update_costs(const std::filesystem::path& file,
                                        const std::function<void(cost_book&)>& change);

} // namespace troupe::scheduling
