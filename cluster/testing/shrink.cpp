#include "cluster/testing/fault_plan.hpp"

#include <algorithm>
#include <utility>

namespace troupe::cluster::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

/// Keeps the smallest plan so far that fails.
class shrinker {
public:
  shrinker(fault_plan plan, const std::function<bool(const fault_plan&)>& fails, std::size_t tries)
      : plan_(std::move(plan)), fails_(fails), left_(tries) {}

  fault_plan run() {
    if (!still_fails(plan_)) return plan_;
    do
      changed_ = false;
    while (left_ > 0 && (drop_faults(), simplify_all(), changed_));
    return plan_;
  }

private:
  bool still_fails(const fault_plan& tried) {
    if (left_ == 0) return false;
    --left_;
    return fails_(tried);
  }
  bool take(fault_plan tried) {
    if (tried == plan_ || !still_fails(tried)) return false;
    plan_ = std::move(tried);
    return changed_ = true;
  }

  /// Many at once first: halves, quarters, and so on to single ones.
  void drop_faults() {
    for (auto size = plan_.faults.size(); size > 0; size /= 2)
      for (std::size_t from = 0; from < plan_.faults.size();) {
        auto tried = plan_;
        const auto first = tried.faults.begin() + static_cast<std::ptrdiff_t>(from);
        const auto count = std::min(size, tried.faults.size() - from);
        tried.faults.erase(first, first + static_cast<std::ptrdiff_t>(count));
        if (!take(std::move(tried))) from += size;
      }
  }

  /// All faults together, which may hang together in time.
  void begin_earlier() {
    if (plan_.faults.empty()) return;
    auto tried = plan_;
    const auto first = std::ranges::min(tried.faults, {}, &fault::at).at;
    for (auto& each : tried.faults)
      each.at -= first;
    take(std::move(tried));
  }

  void simplify_all() {
    begin_earlier();
    for (std::size_t i = 0; i < plan_.faults.size(); ++i) {
      drop_nodes(i, &fault::nodes);
      drop_nodes(i, &fault::others);
      reduce(i, &fault::lasts, nanoseconds{1});
      reduce(i, &fault::at, nanoseconds{0});
      reduce(i, &fault::offset, nanoseconds{0});
      make_plain(i);
    }
  }

  template <class Change>
  bool take_changed(std::size_t which, Change change) {
    auto tried = plan_;
    change(tried.faults[which]);
    return take(std::move(tried));
  }

  void drop_nodes(std::size_t which, std::vector<std::string> fault::*list) {
    for (std::size_t i = 0;
         (plan_.faults[which].*list).size() > 1 && i < (plan_.faults[which].*list).size();)
      if (!take_changed(which, [&](fault& of) {
            (of.*list).erase((of.*list).begin() + static_cast<std::ptrdiff_t>(i));
          }))
        ++i;
  }

  /// To `least`, or towards it by ever smaller parts of what is left.
  void reduce(std::size_t which, nanoseconds fault::*time, nanoseconds least) {
    if (plan_.faults[which].*time == nanoseconds{0}) return; // as an end: never
    if (take_changed(which, [&](fault& of) { of.*time = least; })) return;
    for (int part = 2; part <= 64; part *= 2)
      while ((plan_.faults[which].*time / part).count() != 0 && take_changed(which, [&](fault& of) {
               of.*time = rounded(of.*time - of.*time / part);
             })) {
      }
  }
  static nanoseconds rounded(nanoseconds time) {
    const auto whole = std::chrono::duration_cast<milliseconds>(time);
    return whole == milliseconds{0} ? time : nanoseconds{whole};
  }

  void make_plain(std::size_t which) {
    const link_shape plain;
    take_changed(which, [&](fault& of) { of.shape.loss_ppm = plain.loss_ppm; });
    take_changed(which, [&](fault& of) { of.shape.bytes_per_second = plain.bytes_per_second; });
    take_changed(which, [&](fault& of) {
      of.shape.latency.how = latency_model::kind::fixed;
      of.shape.latency.most = of.shape.latency.least;
    });
    while (plan_.faults[which].ppm != 0 && take_changed(which, [](fault& of) { of.ppm /= 2; })) {
    }
  }

  fault_plan plan_;
  const std::function<bool(const fault_plan&)>& fails_;
  std::size_t left_;
  bool changed_ = false;
};

} // namespace

fault_plan shrink(fault_plan plan, const std::function<bool(const fault_plan&)>& fails,
                  shrink_options options) {
  return shrinker{std::move(plan), fails, options.tries}.run();
}

} // namespace troupe::cluster::testing
