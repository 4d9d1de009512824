#include "actors/workflow/errors.hpp"

#include <string>

namespace troupe {
namespace {

const char* text_of(workflow_errc code) {
  switch (code) {
  case workflow_errc::none:
    return "no error";
  case workflow_errc::bad_definition:
    return "bad workflow definition";
  case workflow_errc::bad_input:
    return "bad run input";
  case workflow_errc::bad_run_id:
    return "bad run id";
  case workflow_errc::run_exists:
    return "run exists";
  case workflow_errc::run_unknown:
    return "no such run";
  case workflow_errc::run_closed:
    return "run is closed";
  case workflow_errc::run_cancelled:
    return "run was cancelled";
  case workflow_errc::bad_signal:
    return "bad signal";
  case workflow_errc::too_many_signals:
    return "too many signals wait";
  case workflow_errc::run_owned:
    return "run is at work elsewhere";
  case workflow_errc::agent_missing:
    return "agent type missing";
  case workflow_errc::demand_too_large:
    return "demand too large";
  case workflow_errc::history_mismatch:
    return "history does not fit";
  case workflow_errc::history_unreadable:
    return "history cannot be read";
  case workflow_errc::bad_reference:
    return "reference cannot be resolved";
  case workflow_errc::timed_out:
    return "timed out";
  case workflow_errc::engine_stopped:
    return "engine stopped";
  case workflow_errc::engine_failed:
    return "engine failed";
  case workflow_errc::version_conflict:
    return "version conflict";
  case workflow_errc::ownership_lost:
    return "ownership lost";
  case workflow_errc::store_unavailable:
    return "store unavailable";
  case workflow_errc::store_foreign:
    return "not a troupe store";
  case workflow_errc::store_newer:
    return "store is newer than this program";
  case workflow_errc::store_damaged:
    return "store is damaged";
  case workflow_errc::store_busy:
    return "store is locked";
  case workflow_errc::store_full:
    return "no space left for the store";
  case workflow_errc::store_io:
    return "store failed";
  case workflow_errc::bad_query:
    return "bad query";
  case workflow_errc::no_value:
    return "no value";
  case workflow_errc::store_refused:
    return "row refused by the store";
  case workflow_errc::store_not_empty:
    return "store is not empty";
  case workflow_errc::interrupted:
    return "interrupted";
  case workflow_errc::bad_backup:
  case workflow_errc::backup_cut_off:
    return "bad backup";
  case workflow_errc::snapshot_unreadable:
    return "snapshot cannot be read";
  case workflow_errc::node_unknown:
    return "unknown node";
  }
  return "unknown workflow error";
}

class category final : public std::error_category {
  [[nodiscard]] const char* name() const noexcept override { return "troupe.workflow"; }
  [[nodiscard]] std::string message(int code) const override {
    return text_of(static_cast<workflow_errc>(code));
  }
};

} // namespace

const std::error_category& workflow_category() noexcept {
  static const category instance;
  return instance;
}

std::error_code make_error_code(workflow_errc code) noexcept {
  return {static_cast<int>(code), workflow_category()};
}

} // namespace troupe
