#pragma once

#include "actors/scheduling/resources/resource_vector.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace troupe::scheduling {

/// Who holds what of a node. A demand is granted as a whole or not at all, so two who each have half of what they need
/// cannot wait for each other. Grants are numbers rather than objects that release themselves: what an attempt holds is
/// seen on other threads, and this is of one thread alone. In memory only: a process that ends takes its grants along.
class ledger {
public:
  /// Never 0.
  using grant_id = std::uint64_t;
  struct grant {
    /// For people: who asked.
    std::string holder;
    resource_vector demand;
  };

  explicit ledger(resource_vector capacity = {});

  [[nodiscard]] const resource_vector& capacity() const { return capacity_; }
  [[nodiscard]] const resource_vector& free() const { return free_; }
  /// By number, hence in the order in which they were given.
  [[nodiscard]] const std::map<grant_id, grant>& grants() const { return grants_; }

  /// @returns nothing, and changes nothing, where the whole demand is not free.
  [[nodiscard]] std::optional<grant_id> try_grant(const resource_vector& demand,
                                                  std::string holder);
  /// @returns false where there is no such grant (any more): nothing is given back twice.
  bool release(grant_id given);
  /// Gives everything back.
  void clear();

private:
  resource_vector capacity_;
  resource_vector free_;
  std::map<grant_id, grant> grants_;
  grant_id last_ = 0;
};

/// A resource of which there is not enough.
struct shortage {
  std::string name;
  std::uint64_t demand = 0;
  std::uint64_t free = 0;
  std::uint64_t capacity = 0;
  /// Who holds some of it, the oldest grant first, at most `most_named_holders`.
  std::vector<std::string> holders{};
};
inline constexpr std::size_t most_named_holders = 8;

/// What is missing for `demand` now; empty where it fits.
[[nodiscard]] std::vector<shortage> shortages(const ledger& of, const resource_vector& demand);
/// What this ledger could not give even with nobody at work; empty where it could.
[[nodiscard]] std::vector<shortage> never_enough(const ledger& of, const resource_vector& demand);
/// `cpu 1 of 2 taken by r/a/0, r/b/0 (1.5 demanded)`
[[nodiscard]] std::string to_string(const shortage& shown);

} // namespace troupe::scheduling
