#include "tools/troupe/archived_run.hpp"

#include "actors/workflow/backup_file.hpp"
#include "actors/workflow/errors.hpp"
#include "actors/workflow/row_check.hpp"
#include "tools/troupe/interrupt.hpp"

#include <fmt/format.h>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace troupe::cli {

namespace {

/// Takes the rows of one run out of a file, which has them in this order.
class archived_run {
public:
  explicit archived_run(std::string run_id) : run_id_(std::move(run_id)) {}
  result<void> take(const workflow::stored_table& table, const workflow::row& shown) {
    namespace col = workflow::col;
    if (table.id == v1::BACKUP_TABLE_RUNS) {
      if (workflow::bytes_in(shown, col::run_id) != run_id_) return {};
      number_ = workflow::number_in(shown, col::run_number);
      version_ = static_cast<std::size_t>(workflow::number_in(shown, col::run_version));
      events_.clear();
    } else if (table.id == v1::BACKUP_TABLE_EVENTS) {
      if (number_ && workflow::number_in(shown, col::event_run) == *number_ &&
          events_.size() < version_)
        events_.push_back(shown);
    }
    return {};
  }
  [[nodiscard]] bool is_there() const { return number_.has_value(); }
  /// The payloads that lie apart.
  [[nodiscard]] std::set<std::string> payloads() const {
    std::set<std::string> made;
    for (const auto& each : events_)
      made.insert(workflow::bytes_in(each, workflow::col::event_blob));
    made.erase("");
    return made;
  }
  result<std::vector<std::string>> whole(const std::map<std::string, std::string>& payloads) const {
    workflow::checksummer sums;
    std::vector<std::string> made;
    for (const auto& each : events_) {
      const auto payload = payloads.find(workflow::bytes_in(each, workflow::col::event_blob));
      auto event = workflow::whole_event(
          each, run_id_, payload == payloads.end() ? std::string_view{} : payload->second, sums);
      if (!event)
        return fail(
            workflow_errc::bad_backup,
            fmt::format("event {} of run '{}' is not what was written", made.size() + 1, run_id_));
      made.push_back(std::move(*event));
    }
    if (made.size() == version_) return made;
    return fail(workflow_errc::bad_backup,
                fmt::format("event {} of run '{}' is missing", made.size() + 1, run_id_));
  }

private:
  const std::string run_id_;
  std::optional<std::int64_t> number_;
  std::size_t version_ = 0;
  std::vector<workflow::row> events_;
};

result<void> go_on(std::uint64_t, std::uint64_t) {
  if (!interrupt::requested()) return {};
  return fail(workflow_errc::interrupted, "nothing was read");
}

} // namespace

result<stored_run> read_archived_run(const std::string& file, const std::string& run_id) {
  archived_run found{run_id};
  const auto read = workflow::read_backup(
      file, [&](const auto& table, auto& shown) { return found.take(table, shown); }, go_on);
  if (!read) return tl::unexpected(read.error());
  if (!found.is_there())
    return fail(workflow_errc::run_unknown, fmt::format("no run '{}' in {}", run_id, file));
  const auto wanted = found.payloads();
  std::map<std::string, std::string> payloads;
  if (!wanted.empty())
    if (const auto again = workflow::read_backup(
            file,
            [&](const auto& table, auto& shown) -> result<void> {
              if (table.id == v1::BACKUP_TABLE_BLOBS &&
                  wanted.contains(workflow::bytes_in(shown, workflow::col::blob_hash)))
                payloads[workflow::bytes_in(shown, workflow::col::blob_hash)] =
                    workflow::bytes_in(shown, workflow::col::blob_bytes);
              return {};
            },
            go_on);
        !again)
      return tl::unexpected(again.error());
  const auto bytes = found.whole(payloads);
  if (!bytes) return tl::unexpected(bytes.error());
  return to_run(run_id, *bytes);
}

} // namespace troupe::cli
