#pragma once

#include "tools/troupe/screen.hpp"
#include "tools/troupe/top_state.hpp"

#include <cstddef>
#include <string>
#include <vector>

/// The parts of the view.
namespace troupe::cli {

/// Rows in columns, each as wide as its widest cell, at most `widest`; cells are made printable.
class top_table {
public:
  struct column {
    std::string head;
    std::size_t widest = 0;
    bool flush_right = false;
  };
  explicit top_table(std::vector<column> columns) : columns_(std::move(columns)) {}
  void add(std::vector<std::string> cells, line_style style = line_style::plain);
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  [[nodiscard]] std::vector<styled_line> lines() const;

private:
  struct row {
    std::vector<std::string> cells;
    line_style style = line_style::plain;
  };
  [[nodiscard]] std::string join(const std::vector<std::string>& cells,
                                 const std::vector<std::size_t>& widths) const;

  std::vector<column> columns_;
  std::vector<row> rows_;
};

/// What runs there are, and what steps are at.
[[nodiscard]] std::vector<styled_line> summary_part(const top_state& of);
/// Processes with their resources, and what is wrong with seeing them. No line where there are none.
[[nodiscard]] std::vector<styled_line> node_part(const top_state& of);
/// Over all processes. No lines where there is one tenant without a name, or none.
[[nodiscard]] std::vector<styled_line> tenant_part(const top_state& of);
/// Of limits. No lines where nobody holds any or waits for one.
[[nodiscard]] std::vector<styled_line> key_part(const top_state& of);
[[nodiscard]] std::vector<styled_line> run_part(const top_state& of);
[[nodiscard]] std::vector<styled_line> failure_part(const top_state& of);

} // namespace troupe::cli
