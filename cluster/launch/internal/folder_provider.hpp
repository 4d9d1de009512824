#pragma once

#include "cluster/launch/internal/node_folder.hpp"
#include "cluster/launch/provider.hpp"

#include <chrono>
#include <filesystem>
#include <string>
#include <utility>

namespace troupe::cluster {

/// What providers have in common whose nodes keep their state in a folder that this process sees.
class folder_provider : public node_provider {
public:
  result<void> write_seeds(const node_entry& node, const std::string& text) override {
    return of(node).write_seeds(text);
  }
  result<log_part> read_log(const node_entry& node, std::uint64_t from,
                            std::size_t limit) override {
    return of(node).read_log(from, limit);
  }
  result<void> purge(const node_entry& node) override { return of(node).remove(); }
  [[nodiscard]] std::chrono::milliseconds look_interval() const override { return look_interval_; }

protected:
  folder_provider(std::filesystem::path data, std::chrono::milliseconds look_interval)
      : data_{std::move(data)}, look_interval_{look_interval} {}
  [[nodiscard]] node_folder of(const node_entry& node) const { return {data_, node.name}; }

private:
  std::filesystem::path data_;
  std::chrono::milliseconds look_interval_;
};

} // namespace troupe::cluster
