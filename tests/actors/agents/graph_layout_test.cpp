#include "actors/agents/graph_layout.hpp"

#include <boost/test/unit_test.hpp>

namespace troupe::agents {
namespace {

using edges = std::vector<std::pair<std::size_t, std::size_t>>;

bool overlap(layout_point a, layout_point b, const layout_options& options) {
  return std::abs(a.x - b.x) < options.node_width && std::abs(a.y - b.y) < options.node_height;
}

BOOST_AUTO_TEST_SUITE(graph_layout_columns)

BOOST_AUTO_TEST_CASE(edges_go_right_and_nodes_do_not_overlap) {
  const layout_options options;
  const std::vector<std::pair<std::size_t, edges>> graphs{
      {0, {}},
      {1, {}},
      {3, {}},
      {6, {{0, 1}, {1, 2}, {1, 3}, {3, 4}, {4, 5}, {1, 5}, {2, 5}, {3, 5}}},
      {4, {{3, 2}, {2, 1}, {1, 0}, {3, 0}}},
      {7, {{0, 4}, {0, 5}, {0, 6}, {1, 4}, {2, 5}, {3, 6}, {3, 4}}},
  };
  for (const auto& [nodes, lines] : graphs) {
    const auto layout = lay_out(nodes, lines, options);
    BOOST_REQUIRE_EQUAL(layout.nodes.size(), nodes);
    BOOST_REQUIRE_EQUAL(layout.edges.size(), lines.size());
    for (std::size_t i = 0; i < nodes; ++i) {
      BOOST_TEST(layout.nodes[i].x + options.node_width <= layout.width + 0.01);
      BOOST_TEST(layout.nodes[i].y >= -0.01);
      BOOST_TEST(layout.nodes[i].y + options.node_height <= layout.height + 0.01);
      for (std::size_t j = 0; j < i; ++j)
        BOOST_TEST(!overlap(layout.nodes[i], layout.nodes[j], options));
    }
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const auto& points = layout.edges[i];
      BOOST_REQUIRE_GE(points.size(), 2U);
      for (std::size_t p = 1; p < points.size(); ++p)
        BOOST_TEST(points[p].x > points[p - 1].x);
      BOOST_TEST(points.back().x == layout.nodes[lines[i].second].x);
    }
  }
}

/// Two pairs whose order in the definition crosses: the second column is turned round.
BOOST_AUTO_TEST_CASE(crossings_are_undone) {
  const auto layout = lay_out(4, {{0, 3}, {1, 2}}, {});
  BOOST_TEST((layout.nodes[0].y < layout.nodes[1].y) == (layout.nodes[3].y < layout.nodes[2].y));
}

BOOST_AUTO_TEST_CASE(cycles_are_drawn_without_their_edges) {
  const auto layout = lay_out(3, {{0, 1}, {1, 2}, {2, 1}}, {});
  BOOST_TEST(layout.nodes.size() == 3U);
  for (const auto& edge : layout.edges)
    BOOST_TEST(edge.empty());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::agents
