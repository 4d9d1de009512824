#pragma once

#include "actors/workflow/definition.hpp"
#include "actors/workflow/value.hpp"
#include "troupe/v1/run.pb.h"

#include <cstdint>
#include <functional>
#include <optional>

namespace troupe::workflow {

/// What references take their values from. Messages live as long as the source and do not change.
class reply_source {
public:
  virtual ~reply_source() = default;
  /// Value of the definition's input at `position`.
  [[nodiscard]] virtual const scalar& input(std::size_t position) const = 0;
  /// Reply of a completed instance; nullptr of one that was skipped or has failed.
  [[nodiscard]] virtual const google::protobuf::Message* reply_of(std::size_t step,
                                                                  std::uint32_t index) const = 0;
  /// Number of instances of a step that is done.
  [[nodiscard]] virtual std::size_t replies_of(std::size_t step) const = 0;
  [[nodiscard]] virtual v1::RunSummary run() const = 0;
};

/// Reads what the references of one instance lead to. Everything it needs must be done, and what it reads alone must not
/// have been skipped.
class reference_reader {
public:
  using taker = std::function<void(const value&)>;

  reference_reader(const step& target, std::uint32_t index, const reply_source& source)
      : target_(target), index_(index), source_(source) {}

  /// Calls `take` with the value, or with each of a list; of the replies of many instances those that were skipped are
  /// left out.
  void read(const value_reference& from, const taker& take);

private:
  void read_all(const value_reference& from, const taker& take);
  void read_item(const value_reference& from, const taker& take);
  const v1::RunSummary& run();

  const step& target_;
  std::uint32_t index_;
  const reply_source& source_;
  std::optional<v1::RunSummary> run_;
};

/// Whether the condition holds. Numbers are compared exactly, also whole ones with fractions; texts byte by byte.
[[nodiscard]] bool evaluate(const condition& checked, reference_reader& reader);

} // namespace troupe::workflow
