#pragma once

#include "actors/runtime/agent.hpp"
#include "actors/runtime/internal/agent_mailbox.hpp"

#include <array>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace troupe::runtime {

/// Agent name to mailbox. Split, so that unrelated requests seldom meet at one lock. Any thread.
class directory {
public:
  using entry = std::shared_ptr<agent_mailbox>;

  /// @returns the agent's mailbox, made by `make` under the lock when there is none, so that it is
  /// made once; what
  ///   `make` fails with; or "runtime.stopping" after `close`.
  [[nodiscard]] reply<entry> find_or_make(const agent_name& name,
                                          const std::function<reply<entry>()>& make);
  /// @returns nullptr when there is no such agent.
  [[nodiscard]] entry find(const agent_name& name);
  [[nodiscard]] std::vector<entry> select(const std::function<bool(const agent_mailbox&)>& wanted);
  /// Takes `gone` out unless another has its place already.
  void erase(const agent_mailbox& gone);
  /// Accepts no more. @returns what was there.
  [[nodiscard]] std::vector<entry> close();

private:
  struct name_hash {
    std::size_t operator()(const agent_name& name) const {
      const std::hash<std::string> hash;
      return hash(name.type) * 31 + hash(name.key);
    }
  };
  struct shard {
    std::mutex mutex;
    std::unordered_map<agent_name, entry, name_hash> entries;
    bool closed = false;
  };

  shard& shard_of(const agent_name& name) { return shards_[name_hash{}(name) % shards_.size()]; }

  std::array<shard, 16> shards_;
};

} // namespace troupe::runtime
