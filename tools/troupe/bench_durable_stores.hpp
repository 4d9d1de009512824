#pragma once

#include "actors/workflow/store.hpp"
#include "kernels/result.hpp"
#include "tools/troupe/bench_time.hpp"

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace troupe::cli {

/// The bytes of the event rows of one transaction.
using transaction_rows = workflow::event_list;

/// Keeps what an engine committed. Any thread.
class row_recorder {
public:
  void add(transaction_rows rows);
  /// What came since the last call.
  [[nodiscard]] std::vector<transaction_rows> take();

private:
  std::mutex mutex_;
  std::vector<transaction_rows> taken_;
};

/// A store that tells the recorder of every append that `real` accepted.
[[nodiscard]] std::unique_ptr<workflow::store>
recording_store(std::unique_ptr<workflow::store> real, std::shared_ptr<row_recorder> into);

/// Inserts the rows with SQLite's own interface into the events table of a new store file, one
/// transaction per entry, with `synchronous=FULL`. @returns the time that it took; opening and closing
/// the file are not timed.
[[nodiscard]] result<bench_time> insert_bare(const std::filesystem::path& file,
                                             const std::vector<transaction_rows>& transactions);
/// The same, each transaction by itself. @returns microseconds of each.
[[nodiscard]] result<std::vector<double>>
bare_transactions(const std::filesystem::path& file,
                  const std::vector<transaction_rows>& transactions);

} // namespace troupe::cli
