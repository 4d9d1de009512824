#include "actors/workflow/run_end.hpp"

#include "actors/workflow/machine.hpp"

#include <fmt/format.h>

namespace troupe::workflow {

const std::string& run_end::run_id() const {
  return of_->run_id();
}

v1::RunStatus run_end::status() const {
  return of_->status();
}

reply<message_ptr> run_end::output() const {
  if (status() == v1::RUN_STATUS_COMPLETED) return of_->output();
  return tl::unexpected(
      failure{"workflow.no_output",
              fmt::format("run '{}' did not complete; its summary says why", run_id()), false});
}

v1::RunSummary run_end::summary() const {
  return of_->summary();
}

result<v1::RunSummary> summary_of(const result<run_end>& how) {
  if (!how) return tl::unexpected(how.error());
  return how->summary();
}

} // namespace troupe::workflow
