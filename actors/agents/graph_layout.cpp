#include "actors/agents/graph_layout.hpp"

#include <algorithm>
#include <numeric>
#include <optional>

namespace troupe::agents {
namespace {

using edge_list = std::vector<std::pair<std::size_t, std::size_t>>;

/// A node of the graph, or the lane in which an edge passes a column.
struct cell {
  std::size_t column = 0;
  bool lane = false;
  /// Cells of the column before and after.
  std::vector<std::size_t> left, right;
  /// Place in the column while it is sorted.
  double rank = 0;
  double y = 0;
};

/// Longest path from a source per node, none for nodes on or behind a cycle.
std::vector<std::optional<std::size_t>> columns_of(std::size_t nodes, const edge_list& edges) {
  std::vector<std::vector<std::size_t>> after(nodes);
  std::vector<std::size_t> waiting(nodes), column(nodes);
  for (const auto& [from, to] : edges) {
    after[from].push_back(to);
    ++waiting[to];
  }
  std::vector<std::size_t> ready;
  for (std::size_t i = 0; i < nodes; ++i)
    if (waiting[i] == 0) ready.push_back(i);
  std::vector<std::optional<std::size_t>> columns(nodes);
  while (!ready.empty()) {
    const auto node = ready.back();
    ready.pop_back();
    columns[node] = column[node];
    for (const auto next : after[node]) {
      column[next] = std::max(column[next], column[node] + 1);
      if (--waiting[next] == 0) ready.push_back(next);
    }
  }
  return columns;
}

class layout {
public:
  layout(std::size_t nodes, const edge_list& edges, const layout_options& options)
      : options_(options), node_count_(nodes), paths_(edges.size()) {
    const auto columns = columns_of(nodes, edges);
    cells_.resize(nodes);
    for (std::size_t i = 0; i < nodes; ++i)
      cells_[i].column = columns[i].value_or(0);
    for (std::size_t i = 0; i < edges.size(); ++i)
      if (columns[edges[i].first] && columns[edges[i].second]) add_path(edges[i], paths_[i]);
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      if (cells_[i].column >= by_column_.size()) by_column_.resize(cells_[i].column + 1);
      by_column_[cells_[i].column].push_back(i);
    }
  }

  graph_layout run() {
    order();
    return place();
  }

private:
  /// Cells that the edge runs through: its two nodes, and a lane in each column between.
  void add_path(const std::pair<std::size_t, std::size_t>& edge, std::vector<std::size_t>& path) {
    path.push_back(edge.first);
    for (auto column = cells_[edge.first].column + 1; column < cells_[edge.second].column;
         ++column) {
      path.push_back(cells_.size());
      cells_.push_back({column, true, {}, {}, 0, 0});
    }
    path.push_back(edge.second);
    for (std::size_t i = 0; i + 1 < path.size(); ++i) {
      cells_[path[i]].right.push_back(path[i + 1]);
      cells_[path[i + 1]].left.push_back(path[i]);
    }
  }

  void number(const std::vector<std::size_t>& column) {
    for (std::size_t i = 0; i < column.size(); ++i)
      cells_[column[i]].rank = static_cast<double>(i);
  }

  /// Sorts a column by the mean place of the neighbours on one side; cells without any keep their place.
  void sort(std::vector<std::size_t>& column, std::vector<std::size_t> cell::*side) {
    std::vector<std::pair<double, std::size_t>> keyed;
    for (const auto index : column) {
      const auto& near = cells_[index].*side;
      const auto sum =
          std::accumulate(near.begin(), near.end(), 0.0,
                          [&](double total, std::size_t i) { return total + relative_rank(i); });
      keyed.emplace_back(
          near.empty() ? relative_rank(index) : sum / static_cast<double>(near.size()), index);
    }
    std::ranges::stable_sort(keyed, {}, [](const auto& one) { return one.first; });
    std::ranges::transform(keyed, column.begin(), [](const auto& one) { return one.second; });
    number(column);
  }

  /// Place in the column from -0.5 to 0.5, since columns are centred.
  [[nodiscard]] double relative_rank(std::size_t index) const {
    const auto size = static_cast<double>(by_column_[cells_[index].column].size());
    return cells_[index].rank - (size - 1) / 2;
  }

  void order() {
    constexpr int sweeps = 4;
    for (const auto& column : by_column_)
      number(column);
    for (int sweep = 0; sweep < sweeps; ++sweep) {
      for (auto& column : by_column_)
        sort(column, &cell::left);
      for (auto it = by_column_.rbegin(); it != by_column_.rend(); ++it)
        sort(*it, &cell::right);
    }
    for (auto& column : by_column_)
      sort(column, &cell::left);
  }

  [[nodiscard]] double height_of(std::size_t index) const {
    return cells_[index].lane ? options_.lane_height : options_.node_height;
  }

  [[nodiscard]] double height_of(const std::vector<std::size_t>& column) const {
    double height = column.empty() ? 0 : -options_.gap_y;
    for (const auto index : column)
      height += height_of(index) + options_.gap_y;
    return height;
  }

  graph_layout place() {
    graph_layout out;
    for (const auto& column : by_column_)
      out.height = std::max(out.height, height_of(column));
    const auto pitch = options_.node_width + options_.gap_x;
    out.width =
        by_column_.empty() ? 0 : static_cast<double>(by_column_.size()) * pitch - options_.gap_x;
    for (const auto& column : by_column_) {
      auto y = (out.height - height_of(column)) / 2;
      for (const auto index : column) {
        cells_[index].y = y;
        y += height_of(index) + options_.gap_y;
      }
    }
    for (std::size_t i = 0; i < node_count_; ++i)
      out.nodes.push_back({static_cast<double>(cells_[i].column) * pitch, cells_[i].y});
    for (const auto& path : paths_)
      out.edges.push_back(points_of(path, pitch));
    return out;
  }

  [[nodiscard]] std::vector<layout_point> points_of(const std::vector<std::size_t>& path,
                                                    double pitch) const {
    std::vector<layout_point> points;
    for (std::size_t i = 0; i < path.size(); ++i) {
      const auto& at = cells_[path[i]];
      const auto x = static_cast<double>(at.column) * pitch;
      const auto y = at.y + height_of(path[i]) / 2;
      if (i > 0) points.push_back({x, y});
      if (i + 1 < path.size()) points.push_back({x + options_.node_width, y});
    }
    return points;
  }

  layout_options options_;
  std::size_t node_count_;
  std::vector<cell> cells_;
  std::vector<std::vector<std::size_t>> by_column_;
  /// Cells of each edge.
  std::vector<std::vector<std::size_t>> paths_;
};

} // namespace

graph_layout lay_out(std::size_t nodes, const edge_list& edges, const layout_options& options) {
  return layout{nodes, edges, options}.run();
}

} // namespace troupe::agents
