#pragma once

#include "actors/inference/internal/job.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <tuple>
#include <vector>

namespace troupe::inference {

/// Texts under way that are equal, asked of the same model in the same way: one of them leads and is computed, the others
/// join it and get its answer. Nothing is remembered once the leader is answered, so it holds no more than what waits
/// anyway. The caller's mutex guards it.
class equal_jobs {
public:
  /// Joins `text` to the leader of its equals; where there is none it leads from now on. One that is due before its leader,
  /// or longer than `defaults::max_joined_bytes`, goes by itself. @returns whether it joined.
  [[nodiscard]] bool join(const job_ptr& text);

  /// To be called when `text` is answered. @returns who had joined it, in the order of arrival; nobody leads them now.
  [[nodiscard]] std::vector<job_ptr> release(const job& text);

private:
  /// Model, options of decoding, stride, and the text, which is the leader's.
  using key = std::tuple<std::size_t, bert::aggregation, bert::word_grouping, bert::window_policy,
                         std::optional<std::size_t>, std::string_view>;
  struct group {
    std::uint64_t leader = 0;
    deadline due = deadline::max();
    std::vector<job_ptr> joined;
  };

  [[nodiscard]] static key key_of(const job& text);

  std::map<key, group> groups_;
};

} // namespace troupe::inference
