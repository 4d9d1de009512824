#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

namespace troupe::scheduling {

/// Whose turn it is among tenants that share a node by weight: the one that has had least of it for its weight. Who had
/// nothing to do comes back without what it did not use. Whoever grants resources charges for them. One thread at a time.
/// Source: Goyal, Vin, Cheng: Start-time fair queueing (1997); the dominant share of Ghodsi et al. (2011) as the measure.
class fair_shares {
public:
  static constexpr double least_weight = 1e-3, most_weight = 1e3;
  /// Tenants that are remembered; those without anything go first.
  static constexpr std::size_t most_tenants = 10'000;

  /// @param weights of tenants by name; 1 where it says nothing. From `least_weight` to `most_weight`.
  explicit fair_shares(std::map<std::string, double> weights = {}) : weights_{std::move(weights)} {}

  /// Something of a tenant waits now. @returns its number.
  std::uint64_t enter(const std::string& tenant);
  /// It waits no more: it was granted, or is not wanted.
  void leave(std::uint64_t tenant);
  /// A tenant is given so much: dominant share of the node times seconds. Negative: less than was charged before.
  void charge(std::uint64_t tenant, double service);
  /// Smallest first.
  [[nodiscard]] double turn(std::uint64_t tenant) const;
  /// Whether turns matter: there has been more than one tenant.
  [[nodiscard]] bool several() const { return tenants_.size() > 1; }

  struct share {
    std::string name;
    double weight = 1;
    /// So much of it waits.
    std::uint64_t waiting = 0;
  };
  /// Those that are remembered.
  [[nodiscard]] std::vector<share> tenants() const;
  [[nodiscard]] double weight_of(const std::string& tenant) const;

private:
  struct state {
    std::string name;
    double weight = 1;
    double had = 0;
    std::uint64_t waiting = 0;
  };

  void forget_idle();

  std::map<std::string, double> weights_;
  std::unordered_map<std::string, std::uint64_t> numbers_;
  std::map<std::uint64_t, state> tenants_;
  std::uint64_t last_ = 0;
  /// The turn of the one that was given something last.
  double now_ = 0;
};

} // namespace troupe::scheduling
