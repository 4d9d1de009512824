#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace troupe::agents {

struct layout_point {
  double x = 0;
  double y = 0;
};

struct layout_options {
  double node_width = 168;
  double node_height = 58;
  double gap_x = 42;
  double gap_y = 22;
  /// Height of the lane that a long edge gets between nodes.
  double lane_height = 14;
};

/// Where a layered drawing puts nodes and edges, left to right.
struct graph_layout {
  double width = 0;
  double height = 0;
  /// Top left corner of each node.
  std::vector<layout_point> nodes;
  /// Points that each edge passes, from the right side of its first node to the left side of its last, alternately the end
  /// and the start of a column; empty for an edge of a cycle, which is not drawn.
  std::vector<std::vector<layout_point>> edges;
};

/// Puts every node one column right of the last one before it, and orders the columns so that few edges cross.
/// @param edges pairs of node indices. Any thread; linear in nodes plus the columns that all edges cross.
/// Source: Sugiyama, Tagawa, Toda 1981, with the barycentre heuristic.
[[nodiscard]] graph_layout lay_out(std::size_t nodes,
                                   const std::vector<std::pair<std::size_t, std::size_t>>& edges,
                                   const layout_options& options);

} // namespace troupe::agents
