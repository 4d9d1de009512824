#pragma once

namespace troupe::scheduling {

/// What is known of a workflow that waits, for its place among others; in seconds.
struct workflow_figures {
  /// Since whoever runs the workflows began.
  double arrival_seconds = 0;
  /// Sum of the estimates of what is left.
  double remaining_seconds = 0;
  /// Sum of the run times of what is over.
  double attained_seconds = 0;
  /// What the scarcest of the resources is needed for by what is left, all of it.
  double bottleneck_seconds = 0;
};

/// The part of a policy that says who goes first, without where: all there is to decide on one node. Where places are alike
/// it is what the policy does in the simulator; both call the same function.
struct ready_order {
  /// Of a workflow: smallest first. nullptr: workflows are not told apart.
  double (*of_workflow)(const workflow_figures&) = nullptr;
  /// Tasks of one workflow, or of all, by upward rank, largest first; else as they became ready.
  bool by_rank = false;
};

// One for each policy, in its file.

ready_order fifo_order();
ready_order rank_order();
ready_order srpt_order();
ready_order las_order();
ready_order aged_srpt_order();

} // namespace troupe::scheduling
